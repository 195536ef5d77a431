package sigio_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// ownByte is a handler that reads a descriptor on which one value only is sent.
type ownByte struct {
	sink
	value byte
	wrong atomic.Int64
}

func (s *ownByte) Ready(w *sigio.Watch, ev sigio.Event) sigio.Result {
	var p [64]byte
	for {
		n, err := sys.Recv(w.FD(), p[:])
		if err != nil || n == 0 {
			return sigio.Drained
		}
		for _, c := range p[:n] {
			if c != s.value {
				s.wrong.Add(1)
			}
		}
		s.bytes.Add(int64(n))
	}
}

// Any process of the same user can send the loop's signals, with every si_code
// below zero and, by arming its own descriptors for the loop's thread, true I/O
// signals for any descriptor number.
//
// Without the check of the code forged signals counted as events; without the token
// as wake-ups; without the bounds in lookup the loop panicked; without forgedGap it
// looked at everything 1461 times in half a second.
func TestHazard16Forgery(t *testing.T) {
	t.Parallel()
	// Some of it is for the process, which may have other loops; and the quota of
	// queued signals is to be left to other tests.
	if !sigtest.Alone(t, sigtest.SignalLimit(8000)) {
		return
	}
	const n, duration = 20, 500 * time.Millisecond
	var forged, wakeups atomic.Uint64 // with a code below zero and a descriptor's number as the value
	l := newLoop(t, sigio.Options{Verify: -1, Observe: func(r *siginfo.Record) {
		if r.Signo() == sigtest.Signo && r.Code() < 0 && r.Int() > 0 && r.Int() < 1000 {
			forged.Add(1)
			if r.Code() == siginfo.Queue {
				wakeups.Add(1)
			}
		}
	}})
	var writers [n]int
	var sinks [n]ownByte
	args := []string{strconv.Itoa(os.Getpid()), ""}
	for i := range n {
		var reader int
		reader, writers[i] = pair(t)
		sinks[i].value = byte(i)
		watch(t, l, reader, &sinks[i])
		args = append(args, strconv.Itoa(reader), strconv.Itoa(500+i)) // and some that are not watched
	}
	l.Do(func() { args[1] = strconv.Itoa(sys.ThreadID()) })

	before, start := l.Stats(), time.Now()
	stop := sigtest.Start(t, "forge", args...)
	rounds := int64(0)
	for ; time.Since(start) < duration || wakeups.Load() < 200; rounds++ {
		for i, fd := range writers {
			send(t, fd, string([]byte{byte(i)}))
		}
		for i := range sinks {
			sinks[i].await(t, rounds+1)
		}
	}
	stop()
	settle(t, l)
	elapsed := time.Since(start)
	for i := range sinks {
		if wrong := sinks[i].wrong.Load(); wrong != 0 {
			t.Errorf("%d bytes of another descriptor", wrong)
		}
	}
	var s sigio.Stats
	l.Do(func() {
		s = l.Stats()
		if s.Foreign < forged.Load() || s.Wakeups >= wakeups.Load() || s.Stale == before.Stale {
			t.Errorf("%d signals, %d of them as wake-ups, were forged: %+v", forged.Load(), wakeups.Load(), s)
		}
	})
	if most := uint64(elapsed/sigio.ForgedGap) + s.Overflows + s.Wakeups; s.Sweeps > most {
		t.Errorf("%d sweeps in %v, %d at most: %+v", s.Sweeps, elapsed, most, s)
	}
	t.Logf("%d rounds, %+v", rounds, s)
}

// forge is the process that sends all those signals, until it is told to end.
// Its arguments are the victim's process and thread, and descriptor numbers.
func forge(args []string, ready func()) error {
	numbers := make([]int, len(args))
	for i, arg := range args {
		var err error
		if numbers[i], err = strconv.Atoi(arg); err != nil {
			return err
		}
	}
	pid, tid, fds := numbers[0], numbers[1], numbers[2:]
	var writers []int
	for _, fd := range fds {
		r, w, err := sys.Pipe()
		if err != nil {
			return err
		}
		if w, err = unix.FcntlInt(uintptr(w), unix.F_DUPFD_CLOEXEC, 1000); err != nil { // clear of the numbers
			return err
		}
		if err := armFor(tid, r, fd); err != nil {
			return fmt.Errorf("arm %d: %w", fd, err)
		}
		writers = append(writers, w)
	}
	var end atomic.Bool
	go func() { sigtest.WaitForEnd(); end.Store(true) }()
	ready()
	for i := 0; !end.Load(); i++ {
		for code := int32(-1); code >= -60; code-- {
			queueForged(pid, tid, code, fds[i%len(fds)])
		}
		for _, w := range writers {
			if _, err := sys.Write(w, []byte("x")); err != nil && err != syscall.EAGAIN {
				return err
			}
		}
		unix.Kill(pid, syscall.SIGIO)
		unix.Kill(pid, sigtest.Signo)
		unix.Tgkill(pid, tid, syscall.SIGIO)
		runtime.Gosched() // for the goroutine that waits for the end
	}
	return nil
}

// armFor makes r, under the given number, signal a thread of another process.
func armFor(tid, r, number int) error {
	fd := r
	if r != number {
		if err := sys.DupTo(r, number); err != nil {
			return err
		}
		fd = number
	}
	if err := sys.SetOwnerThread(fd, tid); err != nil {
		return err
	}
	if err := sys.SetSignal(fd, sigtest.Signo); err != nil {
		return err
	}
	return sys.SetAsync(fd, true)
}

// queueForged sends a siginfo that says what an I/O signal, or a wake-up of the
// victim's own, would say. The kernel refuses some codes.
func queueForged(pid, tid int, code int32, fd int) {
	var info [128]byte
	put := func(at uintptr, v int) { binary.NativeEndian.PutUint32(info[at:], uint32(int32(v))) }
	const word = unsafe.Sizeof(uintptr(0))
	put(0, sigtest.Signo)
	put(8, int(code))
	put(8+word, pid)     // si_pid, or si_band
	put(8+2*word, fd)    // si_fd
	put(16+word, fd)     // si_value
	put(16+2*word, 0x41) // the rest of the union
	unix.RawSyscall6(unix.SYS_RT_TGSIGQUEUEINFO, uintptr(pid), uintptr(tid), sigtest.Signo, uintptr(unsafe.Pointer(&info)), 0, 0)
}
