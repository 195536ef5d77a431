package signals_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/signals"
)

// keep blocks a signal on a thread that ends with the goroutine, as a Loop does.
func keep(signo int, masked chan<- error, stop <-chan struct{}) {
	runtime.LockOSThread()
	if sys.OnMainThread() {
		elsewhere := make(chan error)
		go keep(signo, elsewhere, stop)
		masked <- <-elsewhere
		runtime.UnlockOSThread()
		return
	}
	masked <- sys.Block(sys.NewMask(signo))
	<-stop
}

// aloneReserved is sigtest.Alone in a process all of whose threads block a signal.
func aloneReserved(t *testing.T, signo int) bool {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	mask := sys.NewMask(signo)
	if err := sys.Block(mask); err != nil {
		t.Fatal(err)
	}
	alone := sigtest.Alone(t, reservedVar+"=1")
	if !alone { // in the other process it stays
		if err := sys.Unblock(mask); err != nil {
			t.Fatal(err)
		}
	}
	return alone
}

// A Reader whose queue is full counts what it drops, and says so once.
func TestFullReaderCounts(t *testing.T) {
	r := newReader(t, signals.Options{Queue: 10}, syscall.Signal(61))
	for i := range int32(100) {
		queue(t, syscall.Signal(61), i)
	}
	sigtest.Until(t, "the last signal", func() bool { return r.Lost() == 90 })
	_, err := r.Next(t.Context())
	var lost *signals.LostError
	if !errors.As(err, &lost) || lost.Count != 90 {
		t.Errorf("%v, want 90 lost", err)
	}
	for range 10 {
		next(t, r)
	}
	queue(t, syscall.Signal(61), 100)
	if v, _, _ := next(t, r).Value(); v != 100 {
		t.Errorf("value %d afterwards, want 100", v)
	}
}

// A full ring is counted exactly: sent = received + lost.
func TestFullRingCounts(t *testing.T) {
	const signo, more = 62, 1234
	n := sys.ForwardLimit + more
	r := newReader(t, signals.Options{Queue: n}, syscall.Signal(signo))
	release := signals.Hold()
	began := sys.ForwardLost(signo)
	stop := sigtest.Start(t, "send", strconv.Itoa(signo), strconv.Itoa(n))
	deadline := time.Now().Add(2 * time.Minute)
	for sys.ForwardLost(signo)-began < more && time.Now().Before(deadline) {
		runtime.Gosched()
	}
	release()
	stop()
	received, told := 0, 0
	for received+told < n {
		ctx, cancel := context.WithTimeout(t.Context(), sigtest.Fatal)
		_, err := r.Next(ctx)
		cancel()
		var lost *signals.LostError
		switch {
		case errors.As(err, &lost):
			told += int(lost.Count)
		case err != nil:
			t.Fatalf("after %d received and %d lost: %v", received, told, err)
		default:
			received++
		}
	}
	if told != more || received != sys.ForwardLimit || r.Lost() != more {
		t.Errorf("%d received and %d lost of %d, want %d and %d", received, told, n, sys.ForwardLimit, more)
	}
}

// What the kernel refuses to the sender and what is received are what was sent.
func TestFullKernelQueueIsTold(t *testing.T) {
	t.Parallel()
	const signo, limit, n = 63, 64, 500
	if !aloneReserved(t, signo) {
		return
	}
	if err := sys.SetSignalLimit(limit); err != nil {
		t.Fatal(err)
	}
	refused := 0
	var accepted []int // not always the first ones: other processes use the quota, too
	for i := range int32(n) {
		err := signals.Queue(os.Getpid(), syscall.Signal(signo), i)
		if errors.Is(err, syscall.EAGAIN) {
			refused++
		} else if err != nil {
			t.Fatal(err)
		} else {
			accepted = append(accepted, int(i))
		}
	}
	if refused < n-limit {
		t.Fatalf("%d of %d refused with a limit of %d", refused, n, limit)
	}
	r := newReader(t, signals.Options{}, syscall.Signal(signo))
	for _, want := range accepted {
		if v, _, _ := next(t, r).Value(); v != want {
			t.Fatalf("value %d, want %d", v, want)
		}
	}
	// Now there is room again, unless other processes of the user take it.
	sigtest.Until(t, "room in the queue", func() bool {
		return signals.Queue(os.Getpid(), syscall.Signal(signo), -1) == nil
	})
	if v, _, _ := next(t, r).Value(); v != -1 || r.Lost() != 0 {
		t.Errorf("value %d, want -1; %d lost", v, r.Lost())
	}
}

// Every value of another process arrives in order, whatever else goes on, where
// all threads block the signal.
func TestReservedFloodArrivesInOrder(t *testing.T) {
	const signo = 51
	if !aloneReserved(t, signo) {
		return
	}
	n := 50_000
	if soak {
		n = 1_000_000
	}
	r := newReader(t, signals.Options{Queue: n}, syscall.Signal(signo))
	defer noise(t)()
	began := time.Now()
	stop := sigtest.Start(t, "send", strconv.Itoa(signo), strconv.Itoa(n))
	for i := range n {
		if v, _, ok := next(t, r).Value(); v != i || !ok {
			t.Fatalf("value %d, want %d", v, i)
		}
	}
	t.Logf("%d signals in %v", n, time.Since(began))
	stop()
}

// Reserve executes the program again, once, and then says that it is done.
func TestReserve(t *testing.T) {
	t.Parallel()
	if !sigtest.Alone(t, reservedVar+"=1") {
		return
	}
	before := os.Getpid()
	if err := signals.Reserve(syscall.SIGUSR1); !errors.Is(err, signals.ErrRefused) {
		t.Error(err)
	}
	if err := signals.Reserve(syscall.Signal(45), syscall.Signal(46)); err != nil {
		t.Fatal(err)
	}
	// From here on it is the second program.
	r := newReader(t, signals.Options{}, syscall.Signal(45), syscall.Signal(46))
	for i := range int32(100) {
		queue(t, syscall.Signal(45), i)
	}
	for i := range 100 {
		if v, _, _ := next(t, r).Value(); v != i {
			t.Errorf("value %d, want %d", v, i)
		}
	}
	queue(t, syscall.Signal(46), 1)
	if info := next(t, r); info.Signo != 46 || os.Getpid() != before {
		t.Error(info)
	}
	r.Close()
	if r, err := signals.NewReader(signals.Options{}, syscall.Signal(45)); err != nil {
		t.Error("again:", err)
	} else {
		r.Close()
	}
}
