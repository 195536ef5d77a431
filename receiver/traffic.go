package receiver

import "sync"

// traffic counts the connections of one listening socket.
type traffic struct {
	mu       sync.Mutex
	accepted uint64
	closed   map[string]uint64
	failures uint64 // of accept, for want of something
}

func (t *traffic) init() { t.closed = map[string]uint64{} }

func (t *traffic) accept() {
	t.mu.Lock()
	t.accepted++
	t.mu.Unlock()
}

func (t *traffic) end(cause string) {
	t.mu.Lock()
	t.closed[cause]++
	t.mu.Unlock()
}

func (t *traffic) fail() {
	t.mu.Lock()
	t.failures++
	t.mu.Unlock()
}

func (t *traffic) addTo(s *ConnectionStats) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.Accepted += t.accepted
	s.AcceptFailures += t.failures
	s.Open += t.accepted
	for cause, n := range t.closed {
		s.Open -= n
		s.Closed[cause] += n
	}
}
