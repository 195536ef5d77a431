package receiver

import (
	"net/netip"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/message"
)

// conn is a connection. It is read by one thread at a time: the loop's, or its own
// goroutine's.
//
//	accepted ──> read at once ──> over
//	                 │
//	              watched: asleep <──> read ──> over
//	                         │
//	                     dismissed (its time is over, or it gives way) ──> over
type conn struct {
	gate
	l      *listener
	fd     int32
	allow  int32 // while draining: bytes still to be read; 0 before it began
	peer   netip.AddrPort
	framer message.Framer
	kept   []byte // the beginning of a message; see serve
	layer  *layer // nil without TLS

	clock   clock
	heardAt instant // when the last bytes came

	entry // in the worker's connections, which guards it
}

// offer hands over a message. It returns false if the output has no room, which
// cannot be in a goroutine.
func (c *conn) offer(s *scratch, body []byte) bool {
	if l := c.l.limiter; l != nil && !l.allows(c.peer.Addr(), s.now) {
		c.reject(CauseRate)
		return true
	}
	s.fill(body, c.l.manner, c.peer)
	if s == &c.l.w.scratch {
		return c.l.w.offer(c.take())
	}
	if c.l.w.insist(s, c.take()) {
		c.heardAt = c.l.w.conns.now() // the time that passed does not count
		c.clock = clockOf(c.clock.phase(), c.heardAt)
	}
	return true
}

// begin reads a connection that was just accepted, on the loop's thread. Only if
// that is not the end of it does it take a place among those that are held.
func (c *conn) begin() {
	w := c.l.w
	known := false
	defer func() {
		if !known { // the output has panicked
			c.finish(EndError)
		}
	}()
	o, end := c.serve(&w.scratch)
	known = true
	if o == over {
		c.finish(end)
		return
	}
	if w.r.tooMany() && o != full && !w.atLimit() {
		c.discard(CauseLimit)
		c.finish(EndLimit)
		return
	}
	var err error
	if c.watch, err = w.loop.Watch(int(c.fd), c); err != nil {
		c.discard(CauseReset)
		c.finish(EndError)
		return
	}
	if o == more {
		c.watch.Again()
	}
	c.settle(o)
}

// Ready reads until there is nothing more or its turn is over.
func (c *conn) Ready(_ *sigio.Watch, ev sigio.Event) sigio.Result {
	c.l.account.event(ev.Signals)
	if c.l.w.hold.active(&c.gate) {
		return sigio.Drained
	}
	o, end := c.serve(&c.l.w.scratch)
	if o == over {
		c.finish(end)
		return sigio.Drained
	}
	c.settle(o)
	if o == more {
		return sigio.More
	}
	return sigio.Drained
}

// settle puts c, which was read, to where it belongs.
func (c *conn) settle(o outcome) {
	c.l.w.conns.place(c)
	if o == full {
		c.l.w.hold.active(&c.gate)
	}
	c.l.w.charge(c)
}

// finish closes the connection. Nothing of it is left to be handed over.
func (c *conn) finish(end string) {
	w := c.l.w
	w.conns.remove(c)
	if c.watch != nil {
		c.watch.Close()
	}
	c.endAcks()
	c.layer.end()
	sys.Close(int(c.fd))
	c.l.traffic.end(end)
	w.r.open.Add(-1)
	w.r.descriptorFree()
	w.r.sources.Done()
}

// causeOf names the cause for which a message is rejected when its connection is
// dismissed.
func causeOf(end string) string {
	switch end {
	case EndLimit:
		return CauseLimit
	case EndMemory:
		return CauseMemory
	case EndShutdown:
		return CauseShutdown
	case EndError:
		return CauseReset
	}
	return CauseTimeout
}
