package sigio_test

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/internal/sys"
)

func TestMain(m *testing.M) {
	sigtest.Main(m, map[string]sigtest.Helper{"forge": forge})
}

func TestStartAndStopLeaveNothing(t *testing.T) {
	t.Parallel()
	if !sigtest.Alone(t) {
		return
	}
	before, err := sigtest.NewBaseline()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []sigio.Options{{}, {Portable: true}} {
		l, err := sigio.NewLoop(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if err := before.Leaks(); err != nil {
			t.Errorf("with %+v: %v", o, err)
		}
	}
}

// A hundred loops, one after the other, serve the same descriptors while data
// keeps coming. Each ends at a random moment, by Close or by a Goexit and Close;
// none leaves a descriptor, a goroutine or a masked thread, and what arrived
// between two loops is found by the next.
func TestRestartsUnderTrafficLeaveNothing(t *testing.T) {
	t.Parallel()
	if !sigtest.Alone(t) {
		return
	}
	before, err := sigtest.NewBaseline()
	if err != nil {
		t.Fatal(err)
	}
	const sockets, restarts = 10, 100
	var readers, writers [sockets]int
	for i := range sockets {
		if readers[i], writers[i], err = sys.Pair(sys.UnixStream); err != nil {
			t.Fatal(err)
		}
	}
	var sent atomic.Int64
	var stop atomic.Bool
	var sending sync.WaitGroup
	sending.Go(func() {
		for !stop.Load() {
			if n, _ := sys.Send(writers[rand.IntN(sockets)], []byte("0123456789")); n > 0 {
				sent.Add(int64(n))
			} else {
				runtime.Gosched() // it is full between two loops
			}
		}
	})
	s := new(sink)
	serve := func(exits bool) *sigio.Loop {
		l, err := sigio.NewLoop(sigio.Options{Portable: portable})
		if err != nil {
			t.Fatal(err)
		}
		l.Do(func() {
			for _, fd := range readers {
				if _, err := l.Watch(fd, s); err != nil {
					t.Error(err)
				}
			}
		})
		if exits {
			l.Post(runtime.Goexit)
		}
		return l
	}
	for i := range restarts {
		n := s.bytes.Load() + rand.Int64N(5000)
		l := serve(i%10 == 0)
		sigtest.Until(t, "some traffic", func() bool { return s.bytes.Load() >= n })
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		for _, fd := range readers {
			if flags, err := sys.Flags(fd); err != nil || flags&sys.FlagAsync != 0 {
				t.Fatalf("descriptor %d is still armed: %#x, %v", fd, flags, err)
			}
		}
	}
	stop.Store(true)
	sending.Wait()
	l := serve(false)
	sigtest.Until(t, "all that was sent", func() bool { return s.bytes.Load() == sent.Load() })
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	for i := range sockets {
		sys.Close(readers[i])
		sys.Close(writers[i])
	}
	if err := before.Leaks(); err != nil {
		t.Error(err)
	}
}
