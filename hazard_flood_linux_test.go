package sigio_test

import (
	"os"
	"os/signal"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/internal/sys"
)

// A long queue is emptied in no time, as long as all of its signals have one
// number: with two, the kernel searches the queue for each (collect_signal). Armed
// with two numbers in turn it took 1.9 s; otherwise it is some 60 to 120 ms, on two cores.
func TestHazard17LongQueue(t *testing.T) {
	t.Parallel()
	for range 5 {
		if emptyLongQueue(t) {
			return
		}
	}
	t.Skip("other processes use up the quota of queued signals, time and again")
}

// emptyLongQueue returns false if others have used up the quota of queued signals meanwhile.
func emptyLongQueue(t *testing.T) bool {
	const signals, pipes = 40_000, 100
	l := newLoop(t, sigio.Options{Verify: -1, RaiseQueueLimit: true})
	if soft, _, err := sys.SignalLimit(); err != nil || soft < 2*signals {
		t.Skipf("the limit of queued signals is %d, %v", soft, err)
	}
	var writers [pipes]int
	s := new(sink)
	for i := range pipes {
		var reader int
		reader, writers[i] = pipe(t)
		watch(t, l, reader, s)
	}
	var fired atomic.Int64
	var start time.Duration
	l.Do(func() { // the loop takes nothing meanwhile
		for range signals / pipes {
			for _, fd := range writers {
				send(t, fd, "x")
			}
		}
		for range 100 {
			l.AfterFunc(0, func() { fired.Add(1) })
			l.Post(func() { fired.Add(1) })
		}
		start = threadTime(t)
	})
	sigtest.Until(t, "all signals", func() bool {
		s := l.Stats()
		return fired.Load() == 200 && (s.Delivered+s.Merged == signals || s.Overflows > 0)
	})
	s.await(t, signals)
	if l.Stats().Overflows > 0 {
		return false
	}
	bound := 600 * time.Millisecond
	if sigtest.RaceDetector {
		bound = time.Second
	}
	l.Do(func() {
		if took := threadTime(t) - start; took > bound {
			t.Errorf("it took %v", took)
		} else {
			t.Logf("it took %v", took)
		}
	})
	return true
}

// threadTime returns how long the calling thread has run, whoever else did.
func threadTime(t *testing.T) time.Duration {
	t.Helper()
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// A program may ask os/signal for all signals. It does not get those of a loop.
func TestNotifyOfEverySignal(t *testing.T) {
	t.Parallel()
	if !sigtest.Alone(t) {
		return
	}
	all := make(chan os.Signal, 1000)
	signal.Notify(all)
	defer signal.Stop(all)
	l := newLoop(t, sigio.Options{Verify: -1})
	a, b := pair(t)
	s := new(sink)
	watch(t, l, a, s)
	for i := range int64(10) {
		send(t, b, "x")
		s.await(t, i+1)
		settle(t, l)
	}
	if stats := l.Stats(); stats.Delivered != 10 {
		t.Errorf("%+v", stats)
	}
	for len(all) > 0 {
		if sig := <-all; sig == syscall.Signal(sigtest.Signo) || sig == syscall.SIGIO {
			t.Errorf("os/signal got %v", sig)
		}
	}
}

// A signal can be pending without being there to take: a timer's, when the timer
// was deleted since. A read of the signalfd finds nothing then, which must not end
// the loop.
func TestPendingSignalThatIsNone(t *testing.T) {
	t.Parallel()
	l := newLoop(t, sigio.Options{Verify: -1})
	a, b := pair(t)
	s := new(sink)
	watch(t, l, a, s)
	l.Do(func() {
		event := struct {
			value         uintptr
			signo, notify int32
			tid           int32
			_             [64]byte
		}{signo: sigtest.Signo, notify: 4 /* SIGEV_THREAD_ID */, tid: int32(sys.ThreadID())}
		var id int32
		if _, _, errno := unix.RawSyscall(unix.SYS_TIMER_CREATE, unix.CLOCK_MONOTONIC,
			uintptr(unsafe.Pointer(&event)), uintptr(unsafe.Pointer(&id))); errno != 0 {
			t.Error("timer_create: ", errno)
			return
		}
		spec := struct{ interval, first unix.Timespec }{first: unix.Timespec{Nsec: 1}}
		if _, _, errno := unix.RawSyscall6(unix.SYS_TIMER_SETTIME, uintptr(id), 0,
			uintptr(unsafe.Pointer(&spec)), 0, 0, 0); errno != 0 {
			t.Error("timer_settime: ", errno)
		}
		sigtest.Until(t, "the timer", func() bool {
			pending, err := sigtest.SignalSet("/proc/thread-self/status", "SigPnd")
			return err != nil || pending&(1<<(sigtest.Signo-1)) != 0
		})
		unix.RawSyscall(unix.SYS_TIMER_DELETE, uintptr(id), 0, 0)
	})
	for i := range int64(3) {
		send(t, b, "x")
		s.await(t, i+1)
	}
	if stats := l.Stats(); stats.Foreign > 1 { // one, before Linux 6.13
		t.Errorf("%+v", stats)
	}
}

// A datagram without content is an event like any other, and no end.
func TestEmptyDatagram(t *testing.T) {
	t.Parallel()
	l := newLoop(t, sigio.Options{Verify: -1})
	a, b := datagramPair(t)
	got := make(chan int, 10)
	watch(t, l, a, sigio.HandlerFunc(func(w *sigio.Watch, _ sigio.Event) sigio.Result {
		for p := make([]byte, 10); ; {
			n, err := sys.Recv(w.FD(), p)
			if err != nil {
				return sigio.Drained
			}
			got <- n
		}
	}))
	for _, n := range []int{0, 1, 0} {
		if _, err := sys.Send(b, make([]byte, n)); err != nil {
			t.Fatal(err)
		}
		if k := await(t, got, "a datagram"); k != n {
			t.Errorf("%d bytes, want %d", k, n)
		}
	}
}

// With one processor for everything the loop still gets its turn, and gives it.
func TestOneProcessor(t *testing.T) {
	t.Parallel()
	if !sigtest.Alone(t, "GOMAXPROCS=1") {
		return
	}
	if n := runtime.GOMAXPROCS(0); n != 1 {
		t.Fatalf("%d processors", n)
	}
	for _, spin := range []time.Duration{0, time.Millisecond} {
		l := newLoop(t, sigio.Options{Verify: -1, Spin: spin})
		a, b := pair(t)
		s := new(sink)
		watch(t, l, a, s)
		var stop atomic.Bool
		busy := make(chan bool)
		go func() {
			for !stop.Load() {
			}
			close(busy)
		}()
		for i := range int64(5) {
			send(t, b, "x")
			s.await(t, i+1)
			if err := l.Do(func() {}); err != nil {
				t.Error(err)
			}
		}
		stop.Store(true)
		await(t, busy, "the busy goroutine")
	}
}
