package signals

import (
	"errors"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"

	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// reservedVar marks that Reserve has started the program again, for which process.
const reservedVar = "SIGIO_SIGNALS_RESERVED"

// Reserve makes real-time signals (35 to 64) of this process arrive in exactly the
// order in which they were sent, which a handler cannot guarantee where there are
// several threads. A program calls it first thing in main:
//
//	if err := signals.Reserve(syscall.Signal(40)); err != nil { ... }
//
// It blocks the signals and executes the program again (execve(2)), with the same
// arguments, environment and descriptors, in the same process. That time all
// threads block them from the beginning, Reserve returns nil at once, and
// receivers of these signals are served from the one queue of the process, without
// a handler. There is no other way: Go does not let a program set the signal mask
// of its threads.
//
// The price: processes that this one starts have the signals blocked too, so use
// numbers that they do not. And os/signal must not be asked for them, since its
// thread would take some.
//
// Other signals than real-time ones give an error that is [ErrRefused]: they do
// not queue, so they have no order to keep.
func Reserve(sig ...os.Signal) error {
	signos, err := numbers(sig)
	if err != nil {
		return err
	}
	all := true
	for _, signo := range signos {
		if signo < firstRealTime {
			return refused(signo, errors.New("only real-time signals have an order to keep"))
		}
		set, err := everywhere()
		if err != nil {
			return err
		}
		all = all && has(set, signo)
	}
	again := os.Getenv(reservedVar) == strconv.Itoa(os.Getpid())
	if again {
		os.Unsetenv(reservedVar)
	}
	switch {
	case all:
		return nil
	case again:
		return fmt.Errorf("signals: reserve: the program was started again and a thread still does not block the signals: %w", ErrRefused)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	mask := sys.NewMask(signos...)
	if err := sys.Block(mask); err != nil {
		return fmt.Errorf("signals: reserve: %w", err)
	}
	defer sys.Unblock(mask)
	env := append(os.Environ(), reservedVar+"="+strconv.Itoa(os.Getpid()))
	return fmt.Errorf("signals: reserve: %w", sys.Exec(os.Args, env))
}

// reserved receives a signal that all threads block.
type reserved struct {
	file *os.File
	done chan struct{}
}

// reserve opens the queue of a signal that all threads block, and returns nil for
// one that none does. It is an error if only some do: they would take part of it.
func reserve(h *hub, signo int) (*reserved, error) {
	some, every, err := masks()
	switch {
	case err != nil:
		return nil, err
	case !has(some, signo):
		return nil, nil
	case !has(every, signo):
		return nil, refused(signo, errors.New("a thread of this process keeps it for itself, such as that of a sigio.Loop"))
	}
	fd, err := sys.NewSignalfd(sys.NewMask(signo))
	if err != nil {
		return nil, refused(signo, err)
	}
	// The Go poller can wait for it, since every thread sees the same queue.
	r := &reserved{os.NewFile(uintptr(fd), "signalfd"), make(chan struct{})}
	go r.collect(h)
	return r, nil
}

func (r *reserved) collect(h *hub) {
	defer close(r.done)
	buf := make([]byte, 256*siginfo.RecordSize)
	for {
		n, err := r.file.Read(buf)
		if err != nil {
			return // os.ErrClosed
		}
		h.mu.Lock()
		for b := buf[:n]; len(b) > 0; b = b[siginfo.RecordSize:] {
			record := siginfo.Record(b[:siginfo.RecordSize])
			h.dispatch(&record)
		}
		h.mu.Unlock()
	}
}

// close is called with the hub's lock held, which the end of collect may wait for;
// what is read afterwards finds no route.
func (r *reserved) close() { r.file.Close() }

// everywhere returns the signals that all threads block.
func everywhere() (uint64, error) {
	_, every, err := masks()
	return every, err
}

// masks returns the signals that some thread blocks for itself, and those that
// every one does. A thread that blocks most of them keeps none: one of the Go
// runtime's serves os/signal, and any blocks all while it starts another.
func masks() (some, every uint64, err error) {
	threads, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil || len(threads) == 0 {
		return 0, 0, fmt.Errorf("signals: /proc/self/task cannot be read: %w", errors.ErrUnsupported)
	}
	every = ^uint64(0)
	for _, path := range threads {
		blocked, err := blockedIn(path)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // the thread has ended
		}
		if err != nil {
			return 0, 0, fmt.Errorf("signals: %w", err)
		}
		every &= blocked
		if bits.OnesCount64(blocked) < 32 {
			some |= blocked
		}
	}
	return some, every, nil
}

func has(set uint64, signo int) bool { return set>>(signo-1)&1 == 1 }
