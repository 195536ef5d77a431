package signals_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
	"github.com/seed-067c1534/sigio/signals"
)

func notify(t *testing.T, c chan siginfo.Info, sig ...os.Signal) {
	t.Helper()
	err := signals.Notify(c, sig...)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("this architecture has no handler")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { signals.Stop(c) })
}

func receive[T any](t *testing.T, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(sigtest.Fatal):
		t.Fatal("no signal came")
	}
	return v
}

func queue(t *testing.T, sig os.Signal, value int32) {
	t.Helper()
	if err := signals.Queue(os.Getpid(), sig, value); err != nil {
		t.Fatal(err)
	}
}

func TestKillTellsItsSender(t *testing.T) {
	c := make(chan siginfo.Info, 1)
	notify(t, c, syscall.SIGUSR1)
	// The shell's own kill, so that the sender's number is known.
	cmd := exec.Command("sh", "-c", fmt.Sprintf("kill -USR1 %d", os.Getpid()))
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	info := receive(t, c)
	pid, uid, ok := info.Sender()
	if info.Signo != int(syscall.SIGUSR1) || info.Code != siginfo.User || !ok || pid != cmd.Process.Pid || uid != os.Getuid() {
		t.Errorf("%v, sent by process %d of user %d", info, cmd.Process.Pid, os.Getuid())
	}
}

func TestChildTellsItsStatus(t *testing.T) {
	c := make(chan siginfo.Info, 16)
	notify(t, c, syscall.SIGCHLD)
	cmd := exec.Command("sh", "-c", "exit 7")
	if err := cmd.Run(); err == nil {
		t.Fatal("it succeeded")
	}
	for {
		info := receive(t, c)
		pid, uid, status, ok := info.Child()
		if pid != cmd.Process.Pid {
			continue // of another test
		}
		if !ok || uid != os.Getuid() || status != 7 || info.Code.Name(info.Signo) != "CLD_EXITED" {
			t.Error(info)
		}
		return
	}
}

// What os/signal wants reaches it, whether or not it is wanted here too, whoever
// asks first and whoever stops first.
func TestBesideOsSignal(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGUSR2, syscall.SIGTERM, syscall.SIGCHLD, syscall.SIGWINCH, 52} {
		ours, theirs := make(chan siginfo.Info, 4), make(chan os.Signal, 4)
		both := func(value int32) {
			t.Helper()
			queue(t, sig, value)
			if got := receive(t, theirs); got != sig {
				t.Errorf("os/signal got %v, want %v", got, sig)
			}
			if v, _, _ := receive(t, ours).Value(); v != int(value) {
				t.Errorf("%v: value %d, want %d", sig, v, value)
			}
		}
		notify(t, ours, sig)
		signal.Notify(theirs, sig)
		both(1)
		signals.Stop(ours)
		queue(t, sig, 4)
		if got := receive(t, theirs); got != sig {
			t.Errorf("os/signal got %v, want %v", got, sig)
		}
		notify(t, ours, sig) // and now they were first
		both(5)
		signal.Stop(theirs)
		queue(t, sig, 6)
		if v, _, _ := receive(t, ours).Value(); v != 6 {
			t.Errorf("%v: value %d, want 6", sig, v)
		}
		signals.Stop(ours)
		if len(ours) != 0 || len(theirs) != 0 {
			t.Errorf("%v: %d and %d signals too many", sig, len(ours), len(theirs))
		}
	}
}

// The signals that stop a program reach both if os/signal was first.
func TestStoppingSignalsBesideOsSignal(t *testing.T) {
	t.Parallel()
	if !sigtest.Alone(t) { // os/signal does not give them back
		return
	}
	for _, sig := range []syscall.Signal{syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGCONT} {
		ours, theirs := make(chan siginfo.Info, 1), make(chan os.Signal, 1)
		signal.Notify(theirs, sig)
		notify(t, ours, sig)
		queue(t, sig, 1)
		receive(t, ours)
		receive(t, theirs)
		signals.Stop(ours)
		queue(t, sig, 2)
		receive(t, theirs)
		signal.Stop(theirs)
	}
}

// os/signal has a signal for itself that was not asked for here.
func TestOthersSignalsAreLeftAlone(t *testing.T) {
	ours, theirs := make(chan siginfo.Info, 4), make(chan os.Signal, 4)
	signal.Notify(theirs, syscall.Signal(53))
	defer signal.Stop(theirs)
	before, err := sys.SignalAction(53)
	if err != nil {
		t.Skip("this architecture has no handler")
	}
	notify(t, ours, syscall.Signal(54))
	queue(t, syscall.Signal(53), 0)
	receive(t, theirs)
	if after, _ := sys.SignalAction(53); after != before || len(ours) != 0 {
		t.Errorf("action %+v became %+v, and %d signals came", before, after, len(ours))
	}
}

// The action of every signal is after Stop what it was, in all its parts.
func TestStopRestoresEveryAction(t *testing.T) {
	t.Parallel()
	if !sigtest.Alone(t) {
		return
	}
	before, err := sigtest.NewBaseline()
	if err != nil {
		t.Fatal(err)
	}
	c := make(chan siginfo.Info)
	checked := 0
	for n := 1; n <= 64; n++ {
		sig := syscall.Signal(n)
		if signals.Check(sig) != nil {
			continue
		}
		action, err := sys.SignalAction(n)
		if err != nil {
			t.Skip("this architecture has no handler")
		}
		notify(t, c, sig)
		if now, _ := sys.SignalAction(n); now == action {
			t.Errorf("%v: Notify changed nothing", sig)
		}
		signals.Stop(c)
		if now, _ := sys.SignalAction(n); now != action {
			t.Errorf("%v: the action was %+v and is %+v", sig, action, now)
		}
		checked++
	}
	if checked < 45 {
		t.Errorf("only %d signals can be received", checked)
	}
	if err := before.Leaks(); err != nil {
		t.Error(err)
	}
	if n := threadsBlocking(t, 50); n != 0 {
		t.Errorf("%d threads block a signal", n)
	}
}

// Before Notify and after Stop SIGTERM ends the program, in between it does not.
func TestTermActsAgainAfterStop(t *testing.T) {
	t.Parallel()
	const in = "SIGIO_TEST_TERM"
	if os.Getenv(in) == "" {
		cmd := exec.Command(os.Args[0], "-test.v", "-test.run=^TestTermActsAgainAfterStop$")
		cmd.Env = append(os.Environ(), in+"=1")
		out, err := cmd.CombinedOutput()
		if strings.Contains(string(out), "no handler") {
			t.Skip("this architecture has no handler")
		}
		if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != syscall.SIGTERM {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	c := make(chan siginfo.Info, 1)
	notify(t, c, syscall.SIGTERM)
	queue(t, syscall.SIGTERM, 1)
	receive(t, c)
	signals.Stop(c)
	queue(t, syscall.SIGTERM, 2)
	<-time.After(sigtest.Fatal)
	t.Error("SIGTERM after Stop did nothing")
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for _, n := range []syscall.Signal{-1, 0, 32, 33, 34, 65, syscall.SIGKILL, syscall.SIGSTOP, syscall.SIGSEGV,
		syscall.SIGBUS, syscall.SIGFPE, syscall.SIGILL, syscall.SIGURG, syscall.SIGPROF, syscall.SIGPIPE} {
		for _, err := range []error{signals.Check(n), signals.Notify(make(chan siginfo.Info), syscall.SIGUSR1, n)} {
			if !errors.Is(err, signals.ErrRefused) || err.Error() == signals.ErrRefused.Error() {
				t.Errorf("%d: %v", n, err)
			}
		}
		if _, err := signals.NewReader(signals.Options{}, n); !errors.Is(err, signals.ErrRefused) {
			t.Errorf("reader for %d: %v", n, err)
		}
		if _, err := signals.NewTimer(n, signals.Monotonic); !errors.Is(err, signals.ErrRefused) {
			t.Errorf("timer for %d: %v", n, err)
		}
	}
	if err := signals.Notify(make(chan siginfo.Info)); !errors.Is(err, signals.ErrRefused) {
		t.Errorf("an empty list: %v", err)
	}
	if err := signals.Notify(nil, syscall.SIGUSR1); err == nil {
		t.Error("a nil channel is in order")
	}
}

// A full channel drops, and says how many.
func TestFullChannelCounts(t *testing.T) {
	c, all := make(chan siginfo.Info, 3), make(chan siginfo.Info, 100)
	sig := syscall.Signal(55)
	notify(t, c, sig)
	notify(t, c, sig) // a second time is once
	notify(t, all, sig)
	for i := range int32(50) {
		queue(t, sig, i)
	}
	for range 50 {
		receive(t, all)
	}
	if lost := signals.Lost(c); lost != 47 {
		t.Errorf("lost %d, want 47", lost)
	}
	if lost := signals.Stop(c); lost != 47 || len(c) != 3 {
		t.Errorf("lost %d and has %d, want 47 and 3", lost, len(c))
	}
	if signals.Stop(c) != 0 || signals.Lost(c) != 0 {
		t.Error("a stopped channel loses something")
	}
}

// Everybody starts and stops while signals come.
func TestChurn(t *testing.T) {
	r := newReader(t, signals.Options{}, syscall.Signal(56))
	n := 200
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range n / 4 {
				c := make(chan siginfo.Info, 1)
				if err := signals.Notify(c, syscall.Signal(57), syscall.Signal(56)); err != nil {
					t.Error(err)
				}
				signals.Queue(os.Getpid(), syscall.Signal(57), 0)
				signals.Queue(os.Getpid(), syscall.Signal(56), 0)
				select {
				case <-c:
				case <-time.After(sigtest.Fatal):
					t.Error("no signal")
				}
				signals.Stop(c)
			}
		})
	}
	for range n {
		if info := next(t, r); info.Signo != 56 {
			t.Error(info)
		}
	}
	wg.Wait()
}

// A child that is being started shares this memory until it executes its program;
// it starts with no signal blocked, and no signal is lost or doubled by it.
func TestChildrenMeanwhile(t *testing.T) {
	r := newReader(t, signals.Options{}, syscall.Signal(58))
	done := make(chan error)
	go func() {
		for range 20 {
			out, err := exec.Command("sh", "-c", "grep SigBlk /proc/self/status").Output()
			if err == nil && strings.TrimSpace(string(out)) != "SigBlk:\t0000000000000000" {
				err = fmt.Errorf("a child has %s", out)
			}
			if err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	sent := 0
	for ended := false; !ended; {
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
			ended = true
		default:
			queue(t, syscall.Signal(58), int32(sent))
			sent++
			next(t, r)
		}
	}
	if r.Lost() != 0 {
		t.Errorf("%d of %d lost", r.Lost(), sent)
	}
}

// Calls that the Go runtime makes on all threads, such as setuid, do.
func TestCallsOnAllThreads(t *testing.T) {
	r := newReader(t, signals.Options{}, syscall.Signal(45))
	for i := range int32(100) {
		_, _, errno := syscall.AllThreadsSyscall(syscall.SYS_GETPID, 0, 0, 0)
		if errno == syscall.ENOTSUP {
			t.Skip("not a test with cgo: the C library does it then")
		}
		queue(t, syscall.Signal(45), i)
		if v, _, _ := next(t, r).Value(); v != int(i) {
			t.Errorf("value %d, want %d", v, i)
		}
	}
}

// A Loop keeps its number on its thread, so it cannot be had.
func TestKeptByAThread(t *testing.T) {
	t.Parallel()
	if !sigtest.Alone(t) {
		return
	}
	stop, masked := make(chan struct{}), make(chan error)
	defer close(stop)
	go keep(59, masked, stop)
	if err := <-masked; err != nil {
		t.Fatal(err)
	}
	err := signals.Notify(make(chan siginfo.Info), syscall.Signal(59))
	if !errors.Is(err, signals.ErrRefused) || !strings.Contains(err.Error(), "a thread") {
		t.Error(err)
	}
}

func TestClose(t *testing.T) {
	r := newReader(t, signals.Options{}, syscall.Signal(60))
	ended := make(chan error)
	go func() {
		_, err := r.Next(context.Background())
		ended <- err
	}()
	r.Close()
	r.Close()
	if err := receive(t, ended); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	for range r.All(t.Context()) {
		t.Error("a closed reader yields something")
	}

	r = newReader(t, signals.Options{}, syscall.Signal(60))
	queue(t, syscall.Signal(60), 9)
	queue(t, syscall.Signal(60), 10)
	next(t, r)
	next(t, r)
	queue(t, syscall.Signal(60), 11)
	cause := errors.New("the cause")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	for info, err := range r.All(ctx) {
		if v, _, _ := info.Value(); v != 11 || err != nil {
			t.Error(info, err)
		}
		cancel(cause)
	}
	if _, err := r.Next(ctx); err != cause {
		t.Error(err)
	}
}
