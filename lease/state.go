package lease

import (
	"fmt"
	"net"
	"time"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sys"
)

// A lease is held, broken, or over.
//
//	held ──break──> broken ──Release──────────> over
//	  ^               │ │ └──time is up───────> over, lost
//	  └───Downgrade───┘ └──a writer, too──> broken, wants None
//
// What the kernel sends is only a reason to look, since a signal may be forged, late
// or lost; F_GETLEASE has the truth. It tells what kind is to become of a lease that
// is being broken, and carries out what is overdue.

// slack is how long after the deadline the kernel is asked. It counts in ticks of
// its own, of 10 ms at most, from before the break was noticed.
const slack = 30 * time.Millisecond

var errReleased = fmt.Errorf("lease: released already: %w", net.ErrClosed)

// ready is called by the loop: for a signal, at the beginning, after a loss of
// signals, and once in a while.
func (l *Lease) ready(*sigio.Watch, sigio.Event) sigio.Result {
	l.check()
	return sigio.Drained
}

// check looks whether anything has happened.
func (l *Lease) check() { l.answer(func() error { return nil }) }

// answer calls f with mu held, after a look which has found that the lease is
// still held. If it is over then, or when f returns, nothing is left behind.
func (l *Lease) answer(f func() error) error {
	l.mu.Lock()
	if l.kind == None { // over, or not taken yet
		defer l.mu.Unlock()
		return l.err
	}
	l.look()
	err := l.err
	if l.kind != None {
		err = f()
	}
	over := l.kind == None
	l.mu.Unlock()
	if over {
		// Nobody looks any more.
		l.watch.Close()
		sys.Close(l.fd)
	}
	return err
}

// look finds out what has happened. The caller holds mu.
func (l *Lease) look() {
	kind, held, err := sys.Lease(l.fd)
	target := Kind(kind)
	switch {
	case err != nil:
		l.end(fmt.Errorf("lease: look at it: %w", err))
	case !held:
		l.end(ErrLost)
	case target < l.wanted:
		l.broken(target)
	case l.wanted == Read && l.kind == Write && l.overdue(slack):
		// A reader wanted it, and the kernel has made it a read lease by force.
		// Whoever was too late for that cannot rely on the rest either.
		sys.SetLease(l.fd, sys.NoLease)
		l.end(ErrLost)
	case l.wanted == None && l.overdue(slack):
		l.remind(time.Second) // the kernel waits longer than it said
	}
}

// overdue says whether the kernel's patience must have ended so long ago.
func (l *Lease) overdue(ago time.Duration) bool {
	return !l.deadline.IsZero() && time.Since(l.deadline) >= ago
}

// broken takes note of a break.
func (l *Lease) broken(wants Kind) {
	l.forget()
	l.wanted = wants
	if d, err := sys.LeaseBreakTime(); err == nil && d > 0 {
		l.deadline = time.Now().Add(d)
		l.remind(d + slack)
	}
	l.breaks <- Break{Wants: wants, Deadline: l.deadline}
}

// remind makes the loop look again after d.
func (l *Lease) remind(d time.Duration) {
	if l.timer == nil {
		l.timer = l.loop.AfterFunc(d, func() { l.check() })
		return
	}
	l.timer.Reset(d)
}

// forget forgets a break that was answered, or has become a different one.
func (l *Lease) forget() {
	if l.timer != nil {
		l.timer.Stop()
	}
	l.deadline = time.Time{}
	select {
	case <-l.breaks:
	default:
	}
}

// end is the end of the lease, for whatever reason.
func (l *Lease) end(reason error) {
	l.kind, l.wanted, l.err = None, None, reason
	l.forget()
	close(l.ended)
}

func (l *Lease) reason() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}
