package receiver

import (
	"bytes"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio/internal/sys"
)

// AckRequest is the line with which a sender asks for acknowledgements, as the very first bytes of
// a connection. What follows it is a stream as any other. The receiver then writes lines:
//
//	ack N           the first N messages of the connection are delivered; it begins with "ack 0"
//	reject N CAUSE  the message N will never be taken, such as one that is too long; it counts as
//	                dealt with, and a later "ack" goes beyond it
//	lost CAUSE      a message after those acknowledged was lost behind the receiver, or the peer does
//	                not read what it is told: no "ack" follows, everything after the last one is to
//	                be sent again on a new connection
//
// Messages are counted from 1 in the order in which they are found. What delivered means is the
// Output's to say: written, or durable in a spool.
const AckRequest = "SIGIO ACK 1\n"

// acker acknowledges the messages of one connection. Outcomes are told on any goroutine; the lines
// are written on the loop's thread, as many acknowledgements in one as there are by then.
type acker struct {
	c *conn

	mu     sync.Mutex // never held while Output is called
	runs   []*run     // those that are not settled, the oldest first
	acked  uint64     // messages that are dealt with, from the first on, without a gap
	told   uint64     // the last "ack" that was written
	lines  []byte     // still to be written; when there are maxLines, rejections wait in runs
	cause  string     // why there are no more acknowledgements
	posted bool       // flush will be called
	closed bool       // the connection is gone
}

// run is the Receipt of consecutive messages. Within a run their outcomes may be told in any order:
// it counts as a whole, when all are known. So no message is acknowledged before an earlier one,
// whatever the output does.
type run struct {
	a          *acker
	n, settled int
	lost       string
	reject     string // why its messages were not handed over; those that were told are not counted
}

// What is remembered for a peer that does not read its acknowledgements. One that is rejected too often
// without reading it is told that everything is lost: an "ack" would pass over rejections.
const (
	maxLines   = 64 << 10 // bytes
	maxRuns    = 4 << 10
	lostUnread = "rejections were not read"
)

// ackers are the ackers of a worker's connections.
type ackers struct {
	mu  sync.Mutex
	all map[*conn]*acker
}

func (s *ackers) of(c *conn) *acker {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all[c]
}

// greet looks, at the beginning of a stream, whether c asks for acknowledgements, and returns what
// is behind that. If it cannot know yet, undecided is true.
func (c *conn) greet(data []byte) (rest []byte, undecided bool) {
	n := min(len(data), len(AckRequest))
	if string(data[:n]) == AckRequest[:n] && n < len(AckRequest) {
		return data, true
	}
	c.begun = true
	if rest, asks := bytes.CutPrefix(data, []byte(AckRequest)); asks {
		c.acks = true
		a := &acker{c: c, lines: []byte("ack 0\n")}
		w := c.l.w
		w.ackers.mu.Lock()
		if w.ackers.all == nil {
			w.ackers.all = map[*conn]*acker{}
		}
		w.ackers.all[c] = a
		w.ackers.mu.Unlock()
		a.mu.Lock()
		a.post()
		a.mu.Unlock()
		return rest, false
	}
	return data, false
}

// take counts a message of c that was found, and returns its Receipt.
func (c *conn) take() Receipt {
	if c.acks {
		r := c.l.w.ackers.of(c).run()
		r.take()
		return r
	}
	c.l.account.take()
	return c.l.account
}

// reject takes and settles a message of c that will not be handed over.
func (c *conn) reject(cause string) {
	c.l.account.reject(cause)
	if c.acks {
		c.l.w.ackers.of(c).reject(cause)
	}
}

// endAcks says that c is about to be closed.
func (c *conn) endAcks() {
	if !c.acks {
		return
	}
	w := c.l.w
	w.ackers.mu.Lock()
	a := w.ackers.all[c]
	delete(w.ackers.all, c)
	w.ackers.mu.Unlock()
	a.mu.Lock()
	for a.write() && a.collect() { // what is known by now
	}
	a.closed = true
	a.mu.Unlock()
}

// run returns the run that the next message belongs to, and counts that message at once: a run that
// was settled meanwhile would be gone.
func (a *acker) run() *run {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := len(a.runs); n > 0 && a.runs[n-1].reject == "" {
		a.runs[n-1].n++
		return a.runs[n-1]
	}
	r := &run{a: a, n: 1}
	a.runs = append(a.runs, r)
	return r
}

func (a *acker) reject(cause string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := len(a.runs); n > 0 && a.runs[n-1].reject == cause {
		a.runs[n-1].n++
		a.runs[n-1].settled++
	} else {
		a.runs = append(a.runs, &run{a: a, n: 1, settled: 1, reject: cause})
	}
	a.advance()
}

func (r *run) take() { r.a.c.l.account.take() }

// Delivered implements Receipt.
func (r *run) Delivered(n int) {
	r.a.c.l.account.Delivered(n)
	r.settle(n, "")
}

// Lost implements Receipt.
func (r *run) Lost(n int, cause string) {
	r.a.c.l.account.Lost(n, cause)
	r.settle(n, cause)
}

func (r *run) settle(n int, cause string) {
	r.a.mu.Lock()
	r.settled += n
	if cause != "" {
		r.lost = cause
	}
	r.a.advance()
	r.a.mu.Unlock()
}

// advance acknowledges the runs that are settled. mu is held.
func (a *acker) advance() {
	if a.collect() {
		a.post()
	}
}

// collect finds out what there is to say, and whether there is anything. mu is held.
func (a *acker) collect() bool {
	for len(a.runs) > 0 && a.cause == "" {
		r := a.runs[0]
		if r.settled < r.n || r.reject != "" && !a.tell(r) {
			break
		}
		a.runs[0] = nil
		a.runs = a.runs[1:]
		if r.lost != "" {
			a.lose(r.lost)
		} else if r.reject == "" {
			a.acked += uint64(r.n)
		}
	}
	if len(a.runs) > maxRuns && len(a.lines) >= maxLines {
		a.lose(lostUnread)
	}
	if a.cause != "" {
		a.runs = nil
	}
	return len(a.lines) > 0 || a.acked > a.told
}

// tell rejects the messages of a run, as far as there is room. It returns whether those were all. mu is held.
func (a *acker) tell(r *run) (all bool) {
	for ; r.n > 0 && len(a.lines) < maxLines; r.n, r.settled = r.n-1, r.settled-1 {
		a.acked++
		a.lines = strconv.AppendUint(append(a.lines, "reject "...), a.acked, 10)
		a.lines = append(append(append(a.lines, ' '), r.reject...), '\n')
	}
	return r.n == 0
}

// lose ends the acknowledgements. mu is held.
func (a *acker) lose(cause string) {
	a.cause = cause
	a.ack()
	a.lines = append(append(append(a.lines, "lost "...), cause...), '\n')
}

// ack appends the line that acknowledges what is new. mu is held.
func (a *acker) ack() {
	if a.acked > a.told {
		a.told = a.acked
		a.lines = append(strconv.AppendUint(append(a.lines, "ack "...), a.acked, 10), '\n')
	}
}

// post makes the loop write what there is to say. mu is held.
func (a *acker) post() {
	if a.posted || a.closed {
		return
	}
	a.posted = a.c.l.w.loop.Post(a.flush) == nil
}

// flush writes on the loop's thread.
func (a *acker) flush() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.posted = false
	if a.closed {
		return
	}
	if !a.write() {
		a.posted = true
		a.c.l.w.loop.AfterFunc(ackRetry, a.flush)
		return
	}
	a.advance() // the loop does others' work in between
}

// ackRetry is how long a peer that does not read its acknowledgements is left alone. They need no
// more memory meanwhile: the next line says it all.
const ackRetry = 50 * time.Millisecond

// write writes the lines as far as the socket takes them. It returns false if some are left, to be
// tried again. mu is held.
func (a *acker) write() (done bool) {
	if len(a.lines) == 0 {
		a.ack()
	}
	for len(a.lines) > 0 {
		n, err := a.c.answer(a.lines)
		if err == syscall.EAGAIN {
			return false
		}
		if err != nil && err != syscall.EINTR {
			if l := a.c.layer; l != nil {
				l.giveUp()
				return false
			}
			a.lines = nil // who reads the connection will find out
			return true
		}
		if a.lines = a.lines[:copy(a.lines, a.lines[n:])]; len(a.lines) == 0 {
			a.ack()
		}
	}
	return true
}

// answer writes p to the peer without waiting.
func (c *conn) answer(p []byte) (int, error) {
	if c.layer != nil {
		return c.layer.send(p)
	}
	return sys.Send(int(c.fd), p)
}
