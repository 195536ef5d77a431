package sigio_test

import (
	"io"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/internal/sys"
)

// exitingSink is a sink whose handler ends its goroutine, and with it the thread,
// every now and then, before or after it has read.
type exitingSink struct {
	sink
	rand *rand.Rand // on the loop's thread
	left *int       // how often yet, for all sinks
}

func (s *exitingSink) Ready(w *sigio.Watch, ev sigio.Event) sigio.Result {
	exit := 4
	if *s.left > 0 {
		exit = s.rand.IntN(20)
	}
	if exit == 0 {
		*s.left--
		runtime.Goexit()
	}
	result := s.sink.Ready(w, ev)
	if exit == 1 {
		*s.left--
		runtime.Goexit()
	}
	return result
}

// When its owner thread dies the kernel drops a descriptor's signals without a
// word. A thread dies when a handler calls runtime.Goexit, as testing's FailNow
// does; the goroutine notices that in its last moments, and a new thread goes on.
//
// Without the new thread, or without its arming of the descriptors, nothing was read
// any more; without the calls of all handlers that follow, what the old thread had
// taken or left in its queue was lost.
func TestHazard07ThreadDies(t *testing.T) {
	t.Parallel()
	const n, exits = 20, 200
	l := newLoop(t, sigio.Options{Verify: -1})
	left := exits
	var writers [n]int
	var sinks [n]exitingSink
	for i := range n {
		var reader int
		reader, writers[i] = pair(t)
		sinks[i].left, sinks[i].rand = &left, rand.New(rand.NewPCG(1, uint64(i)))
		watch(t, l, reader, &sinks[i])
	}
	var sent [n]int64
	for more := true; more; l.Do(func() { more = left > 0 }) {
		for i, fd := range writers {
			if k, err := sys.Send(fd, []byte("ping")); err == nil {
				sent[i] += int64(k)
			}
		}
		if s := l.Stats(); !balanced(s) {
			t.Errorf("the account does not balance: %+v", s)
		}
	}
	for i := range sinks {
		sinks[i].await(t, sent[i])
	}
	if s := l.Stats(); s.Restarts != exits {
		t.Errorf("%d threads died, %d were replaced", exits, s.Restarts)
	}
	l.Do(func() {
		if sys.OnMainThread() {
			t.Error("the new thread is the main one")
		}
	})
}

// The functions that were posted after one that ends the thread still run, once
// and in order, and so do timers.
//
// With a new thread that did not go on with what the old one was running, 1 of 30
// functions ran.
func TestHazard07ThreadDiesInAFunction(t *testing.T) {
	t.Parallel()
	l := newLoop(t, sigio.Options{Verify: -1})
	var got []int
	const n = 30
	l.Do(func() {
		for i := range n {
			l.Post(func() {
				got = append(got, i)
				if i%3 == 0 {
					runtime.Goexit()
				}
			})
		}
	})
	timers := make(chan int, n)
	for i := range n {
		l.AfterFunc(time.Duration(i)*100*time.Microsecond, func() {
			timers <- i
			if i%3 == 0 {
				runtime.Goexit()
			}
		})
	}
	for i := range n {
		if k := await(t, timers, "a timer"); k != i {
			t.Errorf("timer %d came as number %d", k, i)
		}
	}
	settle(t, l)
	for i, k := range got {
		if i != k {
			t.Errorf("function %d ran as number %d", k, i)
		}
	}
	if s := l.Stats(); len(got) != n || s.Restarts != 2*n/3 {
		t.Errorf("%d of %d functions ran, %+v", len(got), n, s)
	}
}

// The Go runtime must be able to reach the loop's thread with its own signals: it
// stops it for the collector (SIGURG), runs system calls on it (33), profiles it.
// So exactly the loop's two signals are blocked.
//
// With SIGURG blocked as well runtime.GC took 3 s, until the loop had done; with 33
// blocked the process hung in setresuid.
func TestHazard08RuntimeSignals(t *testing.T) {
	t.Parallel()
	if !sigtest.Alone(t) {
		return
	}
	l := newLoop(t, sigio.Options{})
	checkMask := func(when string) {
		t.Helper()
		const want = 1<<(40-1) | 1<<(syscall.SIGIO-1)
		var blocked uint64
		var err error
		l.Do(func() { // from within: rt_sigtimedwait shows an empty mask
			blocked, err = sigtest.SignalSet("/proc/thread-self/status", "SigBlk")
		})
		if err != nil || blocked != want {
			t.Errorf("%s the thread blocks %#x, want %#x, %v", when, blocked, uint64(want), err)
		}
	}
	checkMask("at first")

	promptly := func(what string, f func()) {
		t.Helper()
		start := time.Now()
		if f(); time.Since(start) > 2*time.Second {
			t.Errorf("%s took %v", what, time.Since(start))
		}
	}
	if err := pprof.StartCPUProfile(io.Discard); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		var stop, started atomic.Bool
		l.Post(func() { // a loop without a call in it can be stopped by a signal only
			started.Store(true)
			for i := uint32(0); i < 4e9 && !stop.Load(); i++ {
			}
		})
		for !started.Load() {
			runtime.Gosched()
		}
		promptly("runtime.GC", runtime.GC)
		stop.Store(true)
		promptly("setresuid in all threads", func() {
			if err := syscall.Setresuid(-1, -1, -1); err != nil {
				t.Error(err)
			}
		})
		promptly("prctl in all threads", func() {
			_, _, errno := syscall.AllThreadsSyscall(unix.SYS_PRCTL, unix.PR_GET_DUMPABLE, 0, 0)
			if errno != 0 && errno != syscall.ENOTSUP { // a program that uses cgo has no such call
				t.Error(errno)
			}
		})
	}
	promptly("the end of a profile", pprof.StopCPUProfile)
	checkMask("at last")
}

// A child process inherits the mask of the thread that starts it. It must be empty
// in one that is started beside a loop, or by a handler through Loop.Go.
//
// With a Loop.Go that ran its function on the loop's thread the handler's child had
// the loop's two signals blocked.
func TestHazard09ChildrenInheritNoMask(t *testing.T) {
	t.Parallel()
	cat, err := exec.LookPath("cat")
	if err != nil {
		t.Skip(err)
	}
	l := newLoop(t, sigio.Options{})
	check := func() {
		out, err := exec.Command(cat, "/proc/self/status").Output()
		if err != nil || !strings.Contains(string(out), "\nSigBlk:\t0000000000000000\n") {
			t.Errorf("a child's status: %v\n%s", err, out)
		}
	}
	var children sync.WaitGroup
	for range 100 {
		children.Go(check)
	}
	a, b := pair(t)
	done := make(chan bool)
	watch(t, l, a, sigio.HandlerFunc(func(*sigio.Watch, sigio.Event) sigio.Result {
		l.Go(func() {
			check()
			l.Post(func() { close(done) })
		})
		return sigio.Drained
	}))
	send(t, b, "x")
	await(t, done, "the handler's child")
	children.Wait()
}

// After Close no thread of the process has the loop's mask or its signals, and no
// descriptor is armed.
//
// With the thread unlocked at the end, its mask was met in other goroutines; with
// the loop on the main thread, which never ends, it stayed; with a Disarm that did
// nothing all descriptors were still armed.
func TestHazard10StopLeavesNothing(t *testing.T) {
	t.Parallel()
	if !sigtest.Alone(t) {
		return
	}
	before, err := sigtest.NewBaseline()
	if err != nil {
		t.Fatal(err)
	}
	l, err := sigio.NewLoop(sigio.Options{Portable: portable})
	if err != nil {
		t.Fatal(err)
	}
	const n = 20
	var readers, writers [n]int
	for i := range n {
		if readers[i], writers[i], err = sys.Pipe(); err != nil {
			t.Fatal(err)
		}
		watch(t, l, readers[i], new(sink))
	}
	l.Post(func() { // the end comes before the loop takes these
		for _, fd := range writers {
			send(t, fd, "never read")
		}
		l.Close()
	})
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	for i, fd := range readers {
		if flags, err := sys.Flags(fd); err != nil || flags&sys.FlagAsync != 0 {
			t.Errorf("descriptor %d is still armed: %#x, %v", fd, flags, err)
		}
		sys.Close(fd)
		sys.Close(writers[i])
	}
	var all sync.WaitGroup
	var meet sync.WaitGroup
	const goroutines = 200
	meet.Add(goroutines)
	for range goroutines {
		all.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			meet.Done()
			meet.Wait() // so that each has a thread of its own
			if blocked, err := sigtest.SignalSet("/proc/thread-self/status", "SigBlk"); err != nil || blocked != 0 {
				t.Errorf("a thread blocks %#x, %v", blocked, err)
			}
		})
	}
	all.Wait()
	threads, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil {
		t.Fatal(err)
	}
	for _, status := range threads {
		if pending, err := sigtest.SignalSet(status, "SigPnd"); err == nil && pending&(1<<39) != 0 {
			t.Errorf("signals are left in the queue of %s", status)
		}
	}
	if err := before.Leaks(); err != nil {
		t.Error(err)
	}
}
