package output

import (
	"sync"
	"sync/atomic"

	"github.com/seed-067c1534/sigio/message"
)

// Fan gives every message to several Writers, its branches, each with its own queue, goroutine,
// policy and counters, so that none stops another.
//
// The exception is meant: a branch whose queue is full and that does not drop the oldest
// (Options.DropOldest) stops the sources, as a single Writer would. A message is given to all
// branches or to none of them, so that none gets it twice when the caller tries again.
//
// A message is Delivered when every branch has settled it and at least one has written it; it is
// Lost when none has, with the cause that was told first. What each branch made of it is in that
// branch's Stats.
type Fan struct {
	branches []*Writer
	blocking []*Writer // those that can be full
	tickets  sync.Pool
}

// NewFan returns a Fan of at least one branch. It has no goroutine, and needs no end: its branches
// are the caller's to close, one after the other or together.
func NewFan(branches ...*Writer) *Fan {
	f := &Fan{branches: branches}
	for _, w := range branches {
		if !w.drops {
			f.blocking = append(f.blocking, w)
		}
	}
	f.tickets.New = func() any { return &ticket{fan: f} }
	return f
}

// Append gives m to every branch and returns true; the outcome is told to r, unless that is nil. It
// returns false, and has not looked at m, if one of the branches is full. It may be called from any
// goroutine. Of several that call it at once, each may fill a branch beyond its limit by one
// message.
func (f *Fan) Append(m *message.Message, r Receipt) bool {
	for _, w := range f.blocking {
		if w.full() {
			return false
		}
	}
	t := f.tickets.Get().(*ticket)
	t.receipt, t.cause = r, ""
	t.wrote.Store(false)
	t.open.Store(int32(len(f.branches)))
	for _, w := range f.branches {
		w.append(m, t, true) // the last one may settle t at once: t must not be touched any more
	}
	return true
}

// Room calls f once, as soon as no branch is full; soon, if that is so already. Where f is called,
// the same rules hold as for Writer.Room.
func (f *Fan) Room(call func()) {
	for _, w := range f.blocking {
		if w.full() {
			w.Room(func() { f.Room(call) })
			return
		}
	}
	call()
}

// ticket is one message's Receipt at all branches.
type ticket struct {
	fan     *Fan
	receipt Receipt
	open    atomic.Int32 // branches without an outcome
	wrote   atomic.Bool

	mu    sync.Mutex
	cause string // of the first loss
}

// Delivered implements Receipt.
func (t *ticket) Delivered(int) {
	t.wrote.Store(true)
	t.settle()
}

// Lost implements Receipt.
func (t *ticket) Lost(_ int, cause string) {
	t.mu.Lock()
	if t.cause == "" {
		t.cause = cause
	}
	t.mu.Unlock()
	t.settle()
}

func (t *ticket) settle() {
	if t.open.Add(-1) > 0 {
		return
	}
	receipt, cause, wrote := t.receipt, t.cause, t.wrote.Load()
	t.receipt = nil
	t.fan.tickets.Put(t)
	switch {
	case receipt == nil:
	case wrote:
		receipt.Delivered(1)
	default:
		receipt.Lost(1, cause)
	}
}
