package web

import (
	"sync"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/receiver"
	"go.uber.org/goleak"
)

// fatalTime is how long to wait for what must happen. It only passes in a failure.
const fatalTime = 60 * time.Second

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// source is an account that a test sets.
type source struct {
	mu sync.Mutex
	a  Account
}

func newSource() *source {
	s := &source{}
	counts := func() receiver.Counts {
		return receiver.Counts{Rejected: map[string]uint64{}, Connections: receiver.ConnectionStats{Closed: map[string]uint64{}}}
	}
	s.a.Counts = counts()
	s.a.Listeners = []receiver.ListenerStats{{Address: "udp://127.0.0.1:8888", Counts: counts()}}
	s.a.Outputs = []Output{{Name: "standard output", LostBy: map[string]uint64{}}}
	return s
}

func (s *source) account() Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.a
	a.At = time.Now()
	return a
}

func (s *source) set(f func(a *Account)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.a)
}

// newServer returns a Server with an account that says nothing, ended with the test.
func newServer(t testing.TB, c Config) (*Server, *source) {
	t.Helper()
	src := newSource()
	if c.Account == nil {
		c.Account = src.account
	}
	c.Version = "v0.test"
	s := New(c)
	s.SetPhase(Serving)
	s.Start()
	t.Cleanup(func() {
		if err := s.Close(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	return s, src
}

// waitFor waits until done.
func waitFor(t testing.TB, what string, done func() bool) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(fatalTime)
	for !done() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("waited %v for %s", fatalTime, what)
		}
	}
}

// taker is an output that takes everything, or nothing, and tells the outcome at once.
type taker struct {
	full, lose bool
	taken      int
}

func (o *taker) Append(_ *message.Message, r receiver.Receipt) bool {
	if o.full {
		return false
	}
	o.taken++
	if o.lose {
		r.Lost(1, "output closed")
	} else {
		r.Delivered(1)
	}
	return true
}

func (o *taker) Room(f func()) { f() }

// receipt counts outcomes.
type receipt struct {
	mu              sync.Mutex
	delivered, lost int
}

func (r *receipt) Delivered(n int) { r.mu.Lock(); r.delivered += n; r.mu.Unlock() }
func (r *receipt) Lost(n int, _ string) {
	r.mu.Lock()
	r.lost += n
	r.mu.Unlock()
}
