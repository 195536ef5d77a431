package sigio

import (
	"context"
	"fmt"
	"net"

	"github.com/seed-067c1534/sigio/siginfo"
)

// waiter is the handler of a Watch without one: it keeps at most one event for
// each direction until a goroutine asks.
type waiter struct {
	read, write, closed chan struct{}
}

func newWaiter() *waiter {
	return &waiter{
		read:   make(chan struct{}, 1),
		write:  make(chan struct{}, 1),
		closed: make(chan struct{}),
	}
}

// Ready passes the event on. An event without a band may be anything.
func (r *waiter) Ready(_ *Watch, ev Event) Result {
	if ev.Band&^siginfo.Out != 0 || ev.Band == 0 {
		keep(r.read)
	}
	if ev.Band&(siginfo.Out|siginfo.Err|siginfo.Hup|siginfo.NVal) != 0 || ev.Band == 0 {
		keep(r.write)
	}
	return Drained
}

func keep(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

var errWatchClosed = fmt.Errorf("sigio: the watch is closed: %w", net.ErrClosed)

func (r *waiter) wait(ctx context.Context, event <-chan struct{}) error {
	select {
	case <-r.closed: // first, so that a closed Watch is one for certain
		return errWatchClosed
	default:
	}
	select {
	case <-event:
		return nil
	case <-r.closed:
		return errWatchClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
