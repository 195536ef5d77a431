package web

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/receiver"
)

const (
	// probeEvery is the least time between the arrivals of two messages whose
	// latency is measured.
	probeEvery = time.Millisecond
	// showEvery is how often the page is given messages, showAtOnce how many at
	// most: 200 in a second.
	showEvery  = 200 * time.Millisecond
	showAtOnce = 40
)

// tapState is what all taps of a Server share.
type tapState struct {
	probed  atomic.Int64 // arrival of the message that was measured last, in Unix nanoseconds
	budget  atomic.Int32 // messages that may still be shown; not above 0 while nobody looks
	samples chan Message
	probes  sync.Pool
}

func (t *tapState) init() {
	t.samples = make(chan Message, 2*showAtOnce)
	t.probes.New = func() any { return new(probe) }
}

// Tap returns an Output that hands everything to next, and lets the Server see it.
func (s *Server) Tap(next receiver.Output) receiver.Output { return &tap{next, s} }

type tap struct {
	next receiver.Output
	s    *Server
}

// Append implements receiver.Output. Nothing is allocated unless the message is shown.
func (t *tap) Append(m *message.Message, r receiver.Receipt) bool {
	state := &t.s.tap
	var p *probe
	// Two that come here at the same moment may both be measured, which is as well.
	if at := m.ReceivedAt.UnixNano(); at-state.probed.Load() >= int64(probeEvery) {
		state.probed.Store(at)
		p = state.probes.Get().(*probe)
		p.s, p.receipt, p.at = t.s, r, m.ReceivedAt
		r = p
	}
	if !t.next.Append(m, r) {
		if p != nil {
			p.free()
			state.probed.Store(0) // the next try is measured
		}
		return false
	}
	if state.budget.Load() > 0 && state.budget.Add(-1) >= 0 {
		select {
		case state.samples <- newMessage(m):
		default: // cannot be: there is room for what may be shown
		}
	}
	return true
}

// Room implements receiver.Output.
func (t *tap) Room(f func()) { t.next.Room(f) }

// probe is the Receipt of a message whose latency is measured.
type probe struct {
	s       *Server
	receipt receiver.Receipt
	at      time.Time
}

// Delivered implements receiver.Receipt.
func (p *probe) Delivered(n int) {
	p.s.latency.add(time.Since(p.at))
	r := p.free()
	if r != nil {
		r.Delivered(n)
	}
}

// Lost implements receiver.Receipt. A message that was not delivered has no latency.
func (p *probe) Lost(n int, cause string) {
	if r := p.free(); r != nil {
		r.Lost(n, cause)
	}
}

// free gives p back and returns whom to tell.
func (p *probe) free() receiver.Receipt {
	r, s := p.receipt, p.s
	*p = probe{}
	s.tap.probes.Put(p)
	return r
}
