package web

import (
	"slices"
	"sync"
	"time"
)

const (
	pointEvery = time.Second
	points     = 300 // that are kept: five minutes
)

// point is what the charts show of one moment. Counters count from the program's
// start; the page makes rates of them.
type point struct {
	At          int64             `json:"at"` // Unix milliseconds
	Kinds       [kindCount]uint64 `json:"kinds"`
	Received    uint64            `json:"received"` // those of unknown outcome too
	Delivered   uint64            `json:"delivered"`
	KernelDrops uint64            `json:"kernel_drops"`
	Rejected    map[string]uint64 `json:"rejected"`
	Queues      []int             `json:"queues"`        // messages that wait for each output
	Half        float64           `json:"p50,omitempty"` // latency in seconds since the last point; 0: nothing was measured
	Most        float64           `json:"p99,omitempty"`
}

// history has the last points, so that a page that is opened shows what has been.
type history struct {
	mu     sync.Mutex
	points []point

	last reading // the watching goroutine's own
}

func (h *history) add(p point) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.points) == points {
		h.points = slices.Delete(h.points, 0, 1)
	}
	h.points = append(h.points, p)
}

func (h *history) list() []point {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]point{}, h.points...)
}

func (s *Server) point(a *Account) point {
	p := point{
		At:          a.At.UnixMilli(),
		Kinds:       s.kinds.read(),
		Received:    a.Received + a.Pending,
		Delivered:   a.Delivered,
		KernelDrops: a.KernelDrops,
		Rejected:    a.Rejected,
		Queues:      []int{},
	}
	for _, o := range a.Outputs {
		p.Queues = append(p.Queues, o.Pending)
	}
	now := s.latency.read()
	measured := now.since(s.history.last)
	s.history.last = now
	p.Half, p.Most = measured.quantile(0.50).Seconds(), measured.quantile(0.99).Seconds()
	return p
}
