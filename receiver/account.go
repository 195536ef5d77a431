package receiver

import (
	"sync"
	"sync/atomic"

	"github.com/seed-067c1534/sigio/internal/sys"
)

// account is the account of one socket: a worker's share of a listener. It is the
// Receipt of the socket's messages.
//
// A message is taken once, when it is found in what was read, and settled once,
// when its outcome is known. The two are counted apart, so that a message that
// got lost in between would show as one that stays pending for ever.
type account struct {
	taken   atomic.Uint64
	signals atomic.Uint64 // for descriptors of this listener
	events  atomic.Uint64 // into which these were merged

	mu        sync.Mutex // never held while Output is called
	delivered uint64
	settled   uint64
	rejected  map[string]uint64

	socket    int    // the UDP socket whose drops are counted, or -1
	drops     uint64 // in total
	lastDrops uint32 // the kernel's counter, which wraps
}

func newAccount(socket int) *account {
	return &account{rejected: map[string]uint64{}, socket: socket}
}

// take counts a message that was found, before its outcome can be told.
func (a *account) take() { a.taken.Add(1) }

// Delivered implements Receipt.
func (a *account) Delivered(n int) {
	a.mu.Lock()
	a.delivered += uint64(n)
	a.settled += uint64(n)
	a.mu.Unlock()
}

// Lost implements Receipt.
func (a *account) Lost(n int, cause string) {
	a.mu.Lock()
	a.rejected[cause] += uint64(n)
	a.settled += uint64(n)
	a.mu.Unlock()
}

// reject takes and settles a message that will not be handed over.
func (a *account) reject(cause string) {
	a.take()
	a.Lost(1, cause)
}

// event counts an event of a descriptor.
func (a *account) event(signals int) {
	if signals > 0 {
		a.signals.Add(uint64(signals))
		a.events.Add(1)
	}
}

// kernelDrops returns how many datagrams the kernel has dropped at the socket.
func (a *account) kernelDrops() uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.readDrops()
}

func (a *account) readDrops() uint64 {
	if a.socket >= 0 {
		if n, err := sys.Drops(a.socket); err == nil {
			a.count(n)
		}
	}
	return a.drops
}

// count takes note of the kernel's counter. mu is held.
func (a *account) count(n uint32) {
	a.drops += uint64(n - a.lastDrops) // right across a wrap as well
	a.lastDrops = n
}

// closed reads the drops for the last time. The socket is about to be closed.
func (a *account) closed() {
	a.mu.Lock()
	a.readDrops()
	a.socket = -1
	a.mu.Unlock()
}

// addTo adds the state of one moment to s.
func (a *account) addTo(s *Counts) {
	a.mu.Lock()
	defer a.mu.Unlock()
	// Settled first, so that no message is settled and not yet taken.
	s.Received += a.settled
	s.Delivered += a.delivered
	for cause, n := range a.rejected {
		s.Rejected[cause] += n
	}
	s.Pending += a.taken.Load() - a.settled
	s.KernelDrops += a.readDrops()
	signals, events := a.signals.Load(), a.events.Load()
	s.Signals.Received += signals
	s.Signals.Merged += signals - min(events, signals)
}
