package web

import (
	"sync"
	"sync/atomic"
)

const (
	// viewerBuffer is how many events may wait for one browser: three seconds.
	viewerBuffer = 16
	// maxViewers bounds the memory that they take, and what copying costs.
	maxViewers = 16
)

// hub gives events to those who look. It never waits for any of them.
type hub struct {
	changed chan struct{} // one slot: the number of viewers is another
	dropped atomic.Uint64 // events that viewers were too slow for
	count   atomic.Int32

	mu     sync.Mutex
	list   map[*viewer]bool
	closed bool
}

// viewer is one browser's connection.
type viewer struct {
	events chan []byte // closed by the hub when it closes
	missed atomic.Uint64
}

func (h *hub) init() {
	h.changed = make(chan struct{}, 1)
	h.list = map[*viewer]bool{}
}

func (h *hub) viewers() int { return int(h.count.Load()) }

// join returns a new viewer, or nil if there are too many, or it is too late.
func (h *hub) join() *viewer {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.list) >= maxViewers {
		return nil
	}
	v := &viewer{events: make(chan []byte, viewerBuffer)}
	h.list[v] = true
	h.change()
	return v
}

func (h *hub) leave(v *viewer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.list, v)
	h.change()
}

func (h *hub) change() {
	h.count.Store(int32(len(h.list)))
	select {
	case h.changed <- struct{}{}:
	default: // it is known
	}
}

// publish gives e to everybody who has room for it.
func (h *hub) publish(e []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for v := range h.list {
		select {
		case v.events <- e:
		default:
			v.missed.Add(1)
			h.dropped.Add(1)
		}
	}
}

// close ends all viewers, and lets nobody in any more.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.closed = true
	for v := range h.list {
		close(v.events)
	}
	clear(h.list)
	h.change()
}
