package sigio

import (
	"errors"
	"fmt"
	"math"
)

// owner is a kernel that can make a descriptor's signals its thread's without
// switching them on.
type owner interface {
	Own(fd int) error
	Disown(fd int) error
}

// WatchOwned is Watch for a descriptor whose signals are not switched on by the
// loop but by something that the caller asks the kernel for afterwards: a lease
// (F_SETLEASE, see package lease) or notes about a directory (F_NOTIFY), both in
// fcntl(2). The loop only makes itself the owner of the descriptor and chooses the
// signal (F_SETOWN_EX, F_SETSIG). h must not be nil.
//
// It has to be called again before each lease: the end of one takes owner and
// signal away (kernel fs/locks.c, lease_modify). Close the Watch first.
//
// poll(2) knows nothing of such news: it finds a file or a directory ready, always.
// So h is also called at the beginning, after each loss of signals, and once in
// every Options.Verify, and has to ask the kernel whether there is anything
// (F_GETLEASE). The descriptor need not be non-blocking.
//
// Errors, goroutines and closing are those of Watch; errors.ErrUnsupported is for
// systems other than Linux.
func (l *Loop) WatchOwned(fd int, h Handler) (*Watch, error) {
	if fd < 0 || fd > math.MaxInt32 {
		return nil, fmt.Errorf("sigio: watch descriptor %d: no descriptor has that number", fd)
	}
	if _, ok := l.kernel.(owner); !ok {
		return nil, fmt.Errorf("sigio: watch descriptor %d for what the kernel tells its owner: %w", fd, errors.ErrUnsupported)
	}
	return l.open(&Watch{loop: l, handler: h, fd: int32(fd), owned: true})
}

// arm makes w's descriptor signal the loop's thread.
func (w *Watch) arm() error {
	if w.owned {
		return w.loop.kernel.(owner).Own(w.FD())
	}
	return w.loop.kernel.Arm(w.FD())
}

func (w *Watch) disarm() error {
	if w.owned {
		return w.loop.kernel.(owner).Disown(w.FD())
	}
	return w.loop.kernel.Disarm(w.FD())
}

// verify finds out whether w is still armed, and arms it again if not. What is
// owned is simply owned anew: owner and signal may be gone because what they were
// for has ended, which the handler will find.
func (w *Watch) verify() (repaired bool, err error) {
	if w.owned {
		return false, w.arm()
	}
	return w.loop.kernel.Verify(w.FD())
}
