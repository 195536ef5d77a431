package receiver

import (
	"sync"
	"time"

	"github.com/seed-067c1534/sigio"
)

// connections are those of a worker that are held, each in the list of its phase,
// in the order in which that phase began. Since every phase has one time-out, the
// first of a list is the first to expire, and also the first to give way. So one
// timer is enough, it runs seldom, and no message sets it.
//
// Its methods may be called from any goroutine.
type connections struct {
	w        *worker
	epoch    time.Time
	timeouts [phases]time.Duration // 0: none

	mu    sync.Mutex
	lists [phases]list
	timer *sigio.Timer
	timed bool    // the timer is set
	due   instant // for then
}

// phase is what a connection's time is measured by.
type phase uint8

const (
	silent  phase = iota // no byte has come
	within               // in a message
	between              // between messages
	phases
)

// ends are the causes for which connections end whose time is over.
var ends = [phases]string{silent: EndFirstByte, within: EndMessage, between: EndIdle}

// instant is the time since the connections' epoch.
type instant time.Duration

// clock says since when a connection is in a phase: the instant, to 4 ns, and the
// phase in the two lowest bits, since there are many connections.
type clock int64

func clockOf(p phase, since instant) clock { return clock(since)&^3 | clock(p) }

func (c clock) phase() phase   { return phase(c & 3) }
func (c clock) since() instant { return instant(c &^ 3) }

// entry is a connection's place in its list.
type entry struct {
	prev, next *conn
	placed     clock
	listed     bool
	awake      bool   // its goroutine works: it cannot expire
	begun      bool   // whether it asks for acknowledgements is known
	acks       bool   // it does
	charged    int32  // memory charged to MaxPartial
	end        ending // it was dismissed, for this cause
}

// list is a doubly linked list.
type list struct{ first, last *conn }

func (s *connections) init(w *worker) {
	s.w = w
	s.epoch = time.Now()
	s.timeouts = [phases]time.Duration{
		silent:  w.r.config.FirstByteTimeout,
		within:  w.r.config.MessageTimeout,
		between: w.r.config.IdleTimeout,
	}
}

func (s *connections) instant(t time.Time) instant { return instant(t.Sub(s.epoch)) }

// skip makes time that has passed not count. Only where the loop's thread does
// everything may the clock be set back.
func (s *connections) skip(d time.Duration) { s.epoch = s.epoch.Add(d) }

func (s *connections) now() instant { return instant(time.Since(s.epoch)) }

// place puts c into the list that its clock says.
func (s *connections) place(c *conn) {
	s.mu.Lock()
	s.insert(c)
	s.mu.Unlock()
}

func (s *connections) insert(c *conn) {
	if !c.listed || c.placed != c.clock {
		if c.listed {
			s.unlink(c)
		}
		s.append(c)
	}
	if deadline, ok := s.deadline(c); ok && (!s.timed || deadline < s.due) {
		s.set(deadline)
	}
}

func (s *connections) append(c *conn) {
	l := &s.lists[c.clock.phase()]
	c.placed, c.listed = c.clock, true
	c.prev, c.next = l.last, nil
	if l.last != nil {
		l.last.next = c
	} else {
		l.first = c
	}
	l.last = c
}

func (s *connections) unlink(c *conn) {
	l := &s.lists[c.placed.phase()]
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		l.first = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	} else {
		l.last = c.prev
	}
	c.prev, c.next, c.listed = nil, nil, false
}

// remove forgets c and gives back what it was charged.
func (s *connections) remove(c *conn) {
	s.mu.Lock()
	if c.listed {
		s.unlink(c)
	}
	s.w.r.partial.Add(-int64(c.charged))
	c.charged = 0
	s.mu.Unlock()
}

// deadline returns when c's time is over; false if it is never. mu is held.
func (s *connections) deadline(c *conn) (instant, bool) {
	d := s.timeouts[c.placed.phase()]
	return c.placed.since() + instant(d), d > 0
}

// set sets the timer. mu is held.
func (s *connections) set(due instant) {
	s.timed, s.due = true, due
	d := max(0, time.Duration(due-s.now()))
	if s.timer == nil {
		s.timer = s.w.loop.AfterFunc(d, s.w.expire)
	} else {
		s.timer.Reset(d)
	}
}

// schedule sets the timer for the first connection to expire.
func (s *connections) schedule() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timed = false
	for _, l := range s.lists {
		if c := s.oldest(l.first); c != nil {
			if deadline, ok := s.deadline(c); ok && (!s.timed || deadline < s.due) {
				s.set(deadline)
			}
		}
	}
}

// oldest returns the first sleeping connection from c on. mu is held.
func (s *connections) oldest(c *conn) *conn {
	for c != nil && (c.awake || c.end != goesOn) {
		c = c.next
	}
	return c
}

// expired returns a connection whose time is over, and what that is called, or nil.
func (s *connections) expired() (c *conn, end string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for phase, end := range ends {
		if c := s.oldest(s.lists[phase].first); c != nil && s.late(c) {
			return c, end
		}
	}
	return nil, ""
}

func (s *connections) late(c *conn) bool {
	deadline, ok := s.deadline(c)
	return ok && s.now() >= deadline
}

// isLate says whether c's time is over.
func (s *connections) isLate(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.late(c)
}

// first returns the sleeping connection that has been in a phase for the longest,
// or nil.
func (s *connections) first(p phase) *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.oldest(s.lists[p].first)
}

// sleeping returns all sleeping connections.
func (s *connections) sleeping() (all []*conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.lists {
		for c := s.oldest(l.first); c != nil; c = s.oldest(c.next) {
			all = append(all, c)
		}
	}
	return all
}

// charge charges c for the memory that it has now, and says whether that is too
// much for all together.
func (s *connections) charge(c *conn) (tooMuch bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	grown := cap(c.kept) - int(c.charged)
	if grown == 0 {
		return false
	}
	c.charged += int32(grown)
	total := s.w.r.partial.Add(int64(grown))
	return grown > 0 && total > int64(s.w.r.config.MaxPartial)
}
