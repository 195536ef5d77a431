package sigio_test

import (
	"context"
	"errors"
	"net"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

const fatal = sigtest.Fatal

// portable makes every loop of the process use the portable back end; see
// TestPortable.
var portable = os.Getenv("SIGIO_TEST_PORTABLE") != ""

// newLoop starts a loop that is closed at the end of the test.
func newLoop(t testing.TB, o sigio.Options) *sigio.Loop {
	t.Helper()
	o.Portable = portable
	l, err := sigio.NewLoop(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error("close the loop:", err)
		}
		if s := l.Stats(); !balanced(s) || s.Watches != 0 {
			t.Errorf("the account of a closed loop: %+v", s)
		}
	})
	return l
}

// watch watches fd until the end of the test, if not before. The descriptor is
// closed after that, when the cleanup that closes it was set up before: else its
// number, which the loop would disarm, might be another test's by then.
func watch(t testing.TB, l *sigio.Loop, fd int, h sigio.Handler) *sigio.Watch {
	t.Helper()
	w, err := l.Watch(fd, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// pair returns two connected Unix stream sockets.
func pair(t testing.TB) (a, b int) {
	t.Helper()
	a, b, err := sys.Pair(sys.UnixStream)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sys.Close(a); sys.Close(b) })
	return a, b
}

func await[T any](t testing.TB, c <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(fatal):
		t.Fatalf("waited %v for %s", fatal, what)
	}
	return v
}

func TestEventComesWithItsBand(t *testing.T) {
	t.Parallel()
	l := newLoop(t, sigio.Options{})
	a, b := pair(t)
	events := make(chan sigio.Event, 10)
	w := watch(t, l, a, sigio.HandlerFunc(func(w *sigio.Watch, ev sigio.Event) sigio.Result {
		if !l.OnLoop() {
			t.Error("the handler does not run on the loop")
		}
		var p [10]byte
		n, err := sys.Recv(w.FD(), p[:])
		if n != 1 || err != nil {
			t.Errorf("read %d, %v", n, err)
		}
		events <- ev
		return sigio.Drained
	}))
	sys.Send(b, []byte("x"))
	if ev := await(t, events, "an event"); ev.Band != siginfo.In|siginfo.RdNorm || ev.Signals != 1 {
		t.Errorf("event %+v", ev)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	s := l.Stats()
	if s.Received != s.Delivered+s.Merged+s.Stale+s.Foreign+s.Wakeups+s.Overflows || s.Delivered != 1 {
		t.Errorf("stats %+v", s)
	}
}

func TestLoopIsNotOnTheMainThread(t *testing.T) {
	t.Parallel()
	for range 50 {
		l := newLoop(t, sigio.Options{})
		l.Do(func() {
			if sys.OnMainThread() {
				t.Error("on the main thread")
			}
		})
	}
}

func TestPanicEndsTheLoopAndSaysWhere(t *testing.T) {
	t.Parallel()
	l, err := sigio.NewLoop(sigio.Options{Portable: portable})
	if err != nil {
		t.Fatal(err)
	}
	a, b := pair(t)
	cause := errors.New("the cause")
	if _, err := l.Watch(a, sigio.HandlerFunc(func(*sigio.Watch, sigio.Event) sigio.Result { panic(cause) })); err != nil {
		t.Fatal(err)
	}
	sys.Send(b, []byte("x"))
	await(t, l.Done(), "the loop's end")
	err = l.Close()
	var p *sigio.PanicError
	if !errors.As(err, &p) || !errors.Is(err, cause) {
		t.Fatalf("Close returned %v", err)
	}
	if !strings.Contains(p.Where, "TestPanicEndsTheLoopAndSaysWhere") || len(p.Stack) == 0 {
		t.Errorf("it was in %q", p.Where)
	}
	if err := l.Post(func() {}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Post returned %v", err)
	}
}

func TestGoexitInAHandlerLosesNothing(t *testing.T) {
	t.Parallel()
	l := newLoop(t, sigio.Options{})
	a, b := pair(t)
	var exits atomic.Int32
	read := make(chan byte, 10)
	watch(t, l, a, sigio.HandlerFunc(func(w *sigio.Watch, ev sigio.Event) sigio.Result {
		if exits.Add(1) == 1 {
			runtime.Goexit()
		}
		var p [1]byte
		for {
			if n, err := sys.Recv(w.FD(), p[:]); n != 1 || err != nil {
				return sigio.Drained
			}
			read <- p[0]
		}
	}))
	sys.Send(b, []byte("1"))
	await(t, read, "what was sent before the thread died")
	sys.Send(b, []byte("2"))
	await(t, read, "what was sent after it")
	if s := l.Stats(); s.Restarts != 1 {
		t.Errorf("stats %+v", s)
	}
}

func TestWaitReadAndWaitWrite(t *testing.T) {
	t.Parallel()
	l := newLoop(t, sigio.Options{})
	a, b := pair(t)
	w := watch(t, l, a, nil)
	ctx, cancel := context.WithTimeout(context.Background(), fatal)
	defer cancel()
	sys.Send(b, []byte("x"))
	if err := w.WaitRead(ctx); err != nil {
		t.Fatal(err)
	}
	fill(t, a)
	free := make(chan error)
	go func() { free <- w.WaitWrite(ctx) }()
	for n := 1; n > 0; {
		n, _ = sys.Recv(b, make([]byte, 1<<20))
	}
	if err := await(t, free, "room to write"); err != nil {
		t.Error(err)
	}
	expired, cancel := context.WithTimeout(context.Background(), 0)
	defer cancel()
	err := w.WaitRead(expired)
	for err == nil {
		err = w.WaitRead(expired)
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	go func() {
		var err error
		for err == nil { // an earlier event may still be kept
			err = w.WaitRead(context.Background())
		}
		free <- err
	}()
	w.Close()
	if err := await(t, free, "the end of a wait"); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

func TestTimersInOrder(t *testing.T) {
	t.Parallel()
	l := newLoop(t, sigio.Options{})
	got := make(chan int, 10)
	l.AfterFunc(30*time.Millisecond, func() { got <- 3 })
	stopped := l.AfterFunc(20*time.Millisecond, func() { got <- 2 })
	l.AfterFunc(0, func() { got <- 1 })
	if !stopped.Stop() || stopped.Stop() {
		t.Error("Stop")
	}
	if a, b := await(t, got, "a timer"), await(t, got, "a timer"); a != 1 || b != 3 {
		t.Error(a, b)
	}
}

func TestUnsupportedFilesAreRefused(t *testing.T) {
	t.Parallel()
	l := newLoop(t, sigio.Options{})
	f, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	conn, _ := f.SyscallConn()
	conn.Control(func(fd uintptr) { syscall.SetNonblock(int(fd), true); _, err = l.Watch(int(fd), nil) })
	if !errors.Is(err, errors.ErrUnsupported) || !errors.Is(err, syscall.ENOTTY) {
		t.Error(err)
	}
	if _, err := l.Watch(-1, nil); err == nil {
		t.Error("descriptor -1")
	}
	if _, err := l.Watch(1<<20, nil); !errors.Is(err, syscall.EBADF) {
		t.Error(err)
	}
}
