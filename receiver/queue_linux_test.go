package receiver_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/receiver"
)

// With next to no signals, or none at all, the same bursts lose nothing.
func TestSmallSignalQueue(t *testing.T) {
	for _, limit := range []int{0, 1, 16} {
		t.Run(fmt.Sprintf("limit=%d", limit), func(t *testing.T) {
			eachWay(t, func(t *testing.T, c receiver.Config) {
				if sigtest.Alone(t, sigtest.SignalLimit(limit)) {
					overflow(t, c)
				}
			})
		})
	}
}

// So it is while another process of the same user has all signals.
func TestSignalQueueFullOfAnother(t *testing.T) {
	const limit = 64
	eachWay(t, func(t *testing.T, c receiver.Config) {
		if sigtest.Alone(t, sigtest.SignalLimit(limit)) {
			sigtest.Fill(t, limit)
			overflow(t, c)
		}
	})
}

// The portable back end is nothing but overflow.
func TestPortable(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		c.Loop.Portable = true
		overflow(t, c)
	})
}

// overflow sends bursts while the loops are held up, so that the signals do not
// fit into the queue.
func overflow(t *testing.T, c receiver.Config) {
	s := newSink()
	r := start(t, s, c)
	const senders, each = 8, 200
	total, want := 0, labels(senders, each)
	for _, network := range []func(*receiver.Receiver, int) func(int) error{datagrams, connections} {
		s.mu.Lock() // Append waits
		s.texts = map[string]int{}
		burst(t, senders, network(r, each))
		s.mu.Unlock()
		total += senders * each
		awaitCount(t, s, total)
		s.exactly(t, want)
	}
	// Sockets and connections that have nothing to do with the loss go on.
	s.mu.Lock()
	s.texts = map[string]int{}
	s.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { burst(t, senders, datagrams(r, each)) })
	both.Go(func() {
		burst(t, senders, func(sender int) error { return connections(r, each)(sender + senders) })
	})
	both.Wait()
	total += 2 * senders * each
	awaitCount(t, s, total)
	s.exactly(t, labels(2*senders, each))
	checkService(t, r, s)

	stats := stop(t, r)
	if stats.Signals.Overflows == 0 || stats.Signals.Sweeps == 0 {
		t.Errorf("nothing overflowed: %+v", stats.Signals)
	}
	if stats.KernelDrops != 0 {
		t.Errorf("%d datagrams were dropped", stats.KernelDrops)
	}
}
