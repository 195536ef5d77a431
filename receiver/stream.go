package receiver

import (
	"slices"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/message"
)

// outcome is how a turn of reading a connection ended.
type outcome int

const (
	waiting outcome = iota // there is nothing more to read now
	more                   // there may be
	full                   // the output has no room
	over                   // the connection is to be finished
)

// bytesPerTurn lets other descriptors have their turn.
const bytesPerTurn = 4 * readSize

// serve reads and hands over messages until there is nothing more, the turn is
// over or the output is full. If the connection is over, end says why.
//
// The bytes of a message that is not complete are in c.kept between two calls. So
// are, after full, bytes that follow the message in hand and may have whole
// messages among them.
func (c *conn) serve(s *scratch) (o outcome, end string) {
	defer c.tidy()
	if len(c.kept) > 0 {
		if o, end = c.digest(s, c.kept); o != waiting {
			return o, end
		}
	}
	for turn := bytesPerTurn; turn > 0; {
		buf, held := c.space(s)
		n, err := c.receive(buf[held:])
		switch {
		case n > 0:
			turn -= n
			s.now = time.Now()
			c.heard(s.now)
			if o, end = c.digest(s, buf[:held+n]); o != waiting {
				return o, end
			}
			if c.exhausted(n) {
				return c.rest(s, EndShutdown)
			}
		case err == nil:
			return c.rest(s, EndPeer)
		case err == syscall.EAGAIN:
			if c.mayEnd() {
				return c.rest(s, EndShutdown)
			}
			return waiting, ""
		case err == syscall.EINTR:
		default:
			c.discard(CauseReset)
			return over, EndReset
		}
	}
	return more, ""
}

// space returns where to read to: to buf[held:], behind the beginning of a message
// in buf[:held].
func (c *conn) space(s *scratch) (buf []byte, held int) {
	held = len(c.kept)
	if held <= smallPart {
		copy(s.buf, c.kept)
		return s.buf, held
	}
	// Doubled each time, so that a long message is copied a few times only,
	// however small the pieces are in which it comes.
	if cap(c.kept)-held < smallPart {
		c.kept = slices.Grow(c.kept, max(held, smallPart))
	}
	return c.kept[:cap(c.kept)], held
}

// digest hands over the messages in data and keeps the rest.
func (c *conn) digest(s *scratch, data []byte) (o outcome, end string) {
	if !c.begun {
		var undecided bool
		if data, undecided = c.greet(data); undecided {
			c.keep(data)
			return waiting, ""
		}
	}
	for {
		frame, n, cause := c.framer.Next(data)
		data = data[n:]
		if n > 0 {
			c.clock = clockOf(c.clock.phase(), c.heardAt) // the rest begins another message
		}
		switch {
		case frame != nil:
			if !c.offer(s, frame) {
				c.kept = slices.Clone(data) // in new memory: the message in hand has the old one
				return full, ""
			}
		case cause == message.BadFraming:
			c.l.account.reject(CauseFraming)
			c.kept = nil
			return over, EndFraming
		case cause != "":
			c.reject(string(cause))
		default:
			c.keep(data)
			return waiting, ""
		}
	}
}

// keep keeps data, the beginning of a message.
func (c *conn) keep(data []byte) {
	if cap(c.kept) > 2*smallPart && len(data) <= smallPart {
		c.kept = nil // let go of the memory of a long message; data aliases it
	}
	// If data lies in c.kept it is moved to the front, which append can do.
	c.kept = append(c.kept[:0], data...)
}

// heard notes that bytes have come.
func (c *conn) heard(at time.Time) {
	c.heardAt = c.l.w.conns.instant(at)
	if c.clock.phase() != within {
		c.clock = clockOf(between, c.heardAt)
	}
}

// tidy finds out, at the end of a turn, whether c is in a message.
func (c *conn) tidy() {
	switch {
	case len(c.kept) > 0:
		c.clock = clockOf(within, c.clock.since())
	case c.clock.phase() != silent:
		c.clock = clockOf(between, c.heardAt)
	}
	if len(c.kept) == 0 {
		c.kept = nil
	}
}

// rest makes a message of what is left, because the stream is over.
func (c *conn) rest(s *scratch, why string) (outcome, string) {
	frame, cause := c.framer.End(c.kept)
	switch {
	case frame != nil:
		c.offer(s, frame) // if it is refused, it stays in hand without the connection
	case cause != "":
		c.l.account.reject(string(cause))
	}
	c.kept = nil
	return over, why
}

// discard rejects what is left.
func (c *conn) discard(cause string) {
	for {
		frame, n, fault := c.framer.Next(c.kept)
		c.kept = c.kept[n:]
		if frame == nil && fault == "" {
			break
		}
		if fault != "" {
			c.l.account.reject(string(fault))
		} else {
			c.l.account.reject(cause)
		}
	}
	frame, fault := c.framer.End(c.kept)
	if frame != nil || fault != "" {
		c.l.account.reject(cause)
	}
	c.kept = nil
}

// exhausted says, while the connection is being drained, whether as much has been
// read as its receive buffer could hold. Otherwise an endless stream would keep
// it from its end.
func (c *conn) exhausted(n int) bool {
	if !c.l.draining() {
		return false
	}
	if c.allow == 0 {
		c.allow = bytesPerTurn
		if granted, err := sys.ReceiveBuffer(int(c.fd)); err == nil {
			c.allow = int32(granted)
		}
	}
	c.allow -= int32(n)
	return c.allow <= 0
}
