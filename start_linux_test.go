package sigio_test

import (
	"errors"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/internal/sys"
)

// At the limit of open files a loop cannot start, says so, and leaves nothing.
func TestStartAtTheLimitOfFiles(t *testing.T) {
	t.Parallel()
	if !sigtest.Alone(t) {
		return
	}
	before, err := sigtest.NewBaseline()
	if err != nil {
		t.Fatal(err)
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	low := limit
	low.Cur = 0
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	_, err = sigio.NewLoop(sigio.Options{})
	if e := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); e != nil {
		t.Fatal(e)
	}
	if !errors.Is(err, syscall.EMFILE) {
		t.Error(err)
	}
	if err := before.Leaks(); err != nil {
		t.Error(err)
	}
}

// Every signal that Options allows is as good as another.
func TestEverySignal(t *testing.T) {
	t.Parallel()
	for signo := 35; signo <= 64; signo++ {
		l := newLoop(t, sigio.Options{Signal: signo, Verify: -1})
		a, b := pair(t)
		s := new(sink)
		watch(t, l, a, s)
		settle(t, l)
		send(t, b, "x")
		s.await(t, 1)
		settle(t, l)
		if stats := l.Stats(); stats.Delivered != 1 {
			t.Errorf("signal %d: %+v", signo, stats)
		}
	}
}

// A loop that spins sees signals, functions and timers while it does, and sleeps
// afterwards.
func TestSpin(t *testing.T) {
	t.Parallel()
	for _, spin := range []time.Duration{time.Microsecond, 100 * time.Millisecond} {
		l := newLoop(t, sigio.Options{Spin: spin, Verify: -1})
		a, b := pair(t)
		s := new(sink)
		watch(t, l, a, s)
		for i := range int64(20) {
			send(t, b, "x")
			s.await(t, i+1)
			var fired atomic.Bool
			l.AfterFunc(time.Millisecond, func() { fired.Store(true) })
			if err := l.Do(func() {}); err != nil {
				t.Fatal(err)
			}
			sigtest.Until(t, "a timer", fired.Load)
		}
		l.Do(func() {})
		var before, after time.Duration
		l.Do(func() { before = threadTime(t) })
		idle := 3 * spin
		await(t, time.After(idle), "some idle time")
		l.Do(func() { after = threadTime(t) })
		if used := after - before; idle > 100*time.Millisecond && used > idle*3/4 {
			t.Errorf("with a spin of %v an idle loop used %v of %v", spin, used, idle)
		}
	}
}

// The loops of a group share nothing but their options.
func TestGroup(t *testing.T) {
	t.Parallel()
	g, err := sigio.NewGroup(3, sigio.Options{Portable: portable})
	if err != nil {
		t.Fatal(err)
	}
	threads := map[int]bool{}
	s := new(sink)
	var watches []*sigio.Watch
	for _, l := range g.Loops() {
		l.Do(func() { threads[sys.ThreadID()] = true })
		a, b := pair(t)
		watches = append(watches, watch(t, l, a, s))
		send(t, b, "x")
	}
	s.await(t, 3)
	if stats := g.Stats(); stats.Watches != 3 || !balanced(stats) || len(threads) != 3 || threads[os.Getpid()] {
		t.Errorf("threads %v, %+v", threads, stats)
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	for _, w := range watches {
		if flags, err := sys.Flags(w.FD()); err != nil || flags&sys.FlagAsync != 0 {
			t.Errorf("still armed: %#x, %v", flags, err)
		}
	}
	if stats := g.Stats(); stats.Watches != 0 || !balanced(stats) {
		t.Errorf("%+v", stats)
	}
}
