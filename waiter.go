package sigio

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-067c1534/sigio/siginfo"
)

// Waiter is the [Handler] of a descriptor whose reads and writes are done by
// goroutines: it keeps at most one event for each direction until somebody waits
// for it, and it knows deadlines. [NewWaiter] makes one, [Loop.Watch] with it as
// the handler connects it to a descriptor. That may come later than the first
// wait, so that a descriptor which is always ready need not be watched at all. A
// Watch made with a nil handler has a Waiter of its own, see [Watch.WaitRead].
//
// One goroutine may wait to read and another one to write; all other methods may be
// called from any goroutine.
type Waiter struct {
	read, write direction
	ended       atomic.Pointer[error]

	mu sync.Mutex // guards both directions' deadlines
}

// waiter is how the loop knows a Waiter among the handlers.
type waiter = Waiter

// direction is what a Waiter has for reading, and again for writing.
//
// Whatever a wait is to notice (an event, a deadline, the end) leaves one token, and
// says in a flag beside it what it was. So a wait is one receive of one channel.
type direction struct {
	token    chan struct{} // holds one
	late     atomic.Bool   // the deadline has passed
	deadline time.Time     // zero: none
	timer    *time.Timer
}

// NewWaiter returns a Waiter without deadlines.
func NewWaiter() *Waiter {
	w := new(Waiter)
	w.read.token = make(chan struct{}, 1)
	w.write.token = make(chan struct{}, 1)
	return w
}

func newWaiter() *waiter { return NewWaiter() }

// Ready takes note of an event, for the loop. An event without a band may be
// anything. It always returns Drained.
func (w *Waiter) Ready(watch *Watch, ev Event) Result {
	watch.loop.woke = true
	if ev.Band&^siginfo.Out != 0 || ev.Band == 0 {
		w.read.wake()
	}
	if ev.Band&(siginfo.Out|siginfo.Err|siginfo.Hup|siginfo.NVal) != 0 || ev.Band == 0 {
		w.write.wake()
	}
	return Drained
}

func (d *direction) wake() {
	select {
	case d.token <- struct{}{}:
	default:
	}
}

// PrepareRead forgets the events that came before, since the read that follows will
// see what they were about, and returns the error with which WaitRead would end at
// once, if there is one. To call it is never necessary; it saves waits that end for
// nothing.
func (w *Waiter) PrepareRead() error { return w.prepare(&w.read) }

// PrepareWrite is PrepareRead for the other direction.
func (w *Waiter) PrepareWrite() error { return w.prepare(&w.write) }

func (w *Waiter) prepare(d *direction) error {
	if err := w.failed(d); err != nil {
		return err
	}
	if len(d.token) > 0 {
		select {
		case <-d.token:
			return w.failed(d) // which may have left the token
		default:
		}
	}
	return nil
}

// WaitRead waits until there is an event that reading may care for, and returns nil;
// at once, if there was one since it last returned. Like every event it is a hint.
//
// It ends with ctx's error; with an error that is os.ErrDeadlineExceeded when the
// read deadline passes; and with that of Interrupt.
func (w *Waiter) WaitRead(ctx context.Context) error { return w.wait(ctx, &w.read) }

// WaitWrite is WaitRead for the other direction. After a write that failed with
// EAGAIN, Watch.WantWrite has to be called first.
func (w *Waiter) WaitWrite(ctx context.Context) error { return w.wait(ctx, &w.write) }

func (w *Waiter) wait(ctx context.Context, d *direction) error {
	if err := w.failed(d); err != nil {
		return err
	}
	if done := ctx.Done(); done == nil {
		<-d.token
	} else {
		select {
		case <-d.token:
		case <-done:
			return context.Cause(ctx)
		}
	}
	err := w.failed(d)
	if err != nil {
		d.wake() // in case somebody else waits, too
	}
	return err
}

// failed returns why a wait must not go on.
func (w *Waiter) failed(d *direction) error {
	if err := w.ended.Load(); err != nil {
		return *err
	}
	if d.late.Load() {
		return os.ErrDeadlineExceeded
	}
	return nil
}

var errWatchClosed = fmt.Errorf("sigio: the watch is closed: %w", net.ErrClosed)

// Interrupt ends all waits, those under way and those that come, with err. Only
// the first call counts. The end of the Watch, or of its loop, calls it with an error
// that is net.ErrClosed.
func (w *Waiter) Interrupt(err error) {
	if !w.ended.CompareAndSwap(nil, &err) {
		return
	}
	w.mu.Lock()
	w.read.stop()
	w.write.stop()
	w.mu.Unlock()
	w.read.wake()
	w.write.wake()
}

func (d *direction) stop() {
	d.deadline = time.Time{}
	if d.timer != nil {
		d.timer.Stop()
	}
}

// SetReadDeadline makes WaitRead end at t with os.ErrDeadlineExceeded, the one that
// goes on included, and from then on. A zero t means never; a later call with another
// t makes waits possible again. It has no effect after Interrupt.
func (w *Waiter) SetReadDeadline(t time.Time) { w.setDeadline(&w.read, t) }

// SetWriteDeadline is SetReadDeadline for the other direction.
func (w *Waiter) SetWriteDeadline(t time.Time) { w.setDeadline(&w.write, t) }

func (w *Waiter) setDeadline(d *direction, t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended.Load() != nil {
		return
	}
	if t.IsZero() {
		d.stop()
		d.late.Store(false)
		return
	}
	now := time.Now()
	left := t.Sub(now)
	if left <= 0 {
		d.stop()
		d.late.Store(true)
		d.wake()
		return
	}
	d.late.Store(false)
	d.deadline = now.Add(left) // by the clock that never jumps
	if d.timer == nil {
		d.timer = time.AfterFunc(left, func() { w.expire(d) })
	} else {
		d.timer.Reset(left)
	}
}

// expire is called when d's timer ends, perhaps while the deadline is being changed.
func (w *Waiter) expire(d *direction) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if d.deadline.IsZero() || time.Now().Before(d.deadline) {
		return
	}
	d.late.Store(true)
	d.wake()
}
