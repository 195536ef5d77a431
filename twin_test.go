package sigio_test

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/siginfo"
)

// The tests in this file are about the loop's own logic. The kernel is a twin in
// memory, and time is that of testing/synctest: it stands still while the loop
// works, and synctest.Wait returns when the loop sleeps.

// bench is one loop on one twin, and what its handlers were called with.
type bench struct {
	*testing.T
	loop   *sigio.Loop
	kernel *sigtest.Kernel

	mu    sync.Mutex
	calls []string
}

// onTwin runs a test in a bubble of its own, and closes the loop.
func onTwin(t *testing.T, o sigio.Options, test func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{T: t, kernel: sigtest.NewKernel()}
		var err error
		if b.loop, err = sigio.StartLoop(b.kernel, o); err != nil {
			t.Fatal(err)
		}
		defer func() {
			b.loop.Close()
			b.checkStats()
			if armed := b.kernel.Armed(); armed != nil {
				t.Errorf("closed with descriptors %v armed", armed)
			}
		}()
		test(b)
	})
}

// watch watches fd and notes each call: "5 IN|RDNORM 2" for two signals.
func (b *bench) watch(fd int, then func(w *sigio.Watch) sigio.Result) *sigio.Watch {
	b.Helper()
	w, err := b.loop.Watch(fd, sigio.HandlerFunc(func(w *sigio.Watch, ev sigio.Event) sigio.Result {
		b.mu.Lock()
		b.calls = append(b.calls, fmt.Sprint(w.FD(), " ", ev.Band, " ", ev.Signals))
		b.mu.Unlock()
		if then == nil {
			return sigio.Drained
		}
		return then(w)
	}))
	if err != nil {
		b.Fatal(err)
	}
	return w
}

// expect waits until the loop sleeps and compares the calls since the last time.
func (b *bench) expect(calls ...string) {
	b.Helper()
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Equal(b.calls, calls) {
		b.Errorf("calls:\n got %q\nwant %q", b.calls, calls)
	}
	b.calls = nil
}

// called returns the number of calls since expect was called.
func (b *bench) called() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.calls)
}

// checkStats checks what Stats promises, and returns it.
func (b *bench) checkStats() sigio.Stats {
	b.Helper()
	s := b.loop.Stats()
	if !balanced(s) {
		b.Errorf("the account does not balance: %+v", s)
	}
	return s
}

func balanced(s sigio.Stats) bool {
	return s.Received == s.Delivered+s.Merged+s.Stale+s.Foreign+s.Wakeups+s.Overflows
}

func TestSignalsOfABatchAreMerged(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{}, func(b *bench) {
		b.watch(5, nil)
		b.watch(7, nil)
		b.kernel.Queue(sigtest.In(7), sigtest.In(5), siginfo.PollRecord(sigtest.Signo, siginfo.PollHup, 7), sigtest.In(7))
		b.expect("7 IN|ERR|HUP|RDNORM 3", "5 IN|RDNORM 1")
		if s := b.checkStats(); s.Delivered != 2 || s.Merged != 2 || s.Calls != 2 {
			b.Errorf("%+v", s)
		}
	})
}

func TestABatchIsBounded(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{Batch: 2}, func(b *bench) {
		b.watch(5, nil)
		b.loop.Do(func() { // the loop takes the records by two
			b.kernel.Queue(sigtest.In(5), sigtest.In(5), sigtest.In(5), sigtest.In(5))
		})
		synctest.Wait()
		if s := b.checkStats(); s.Calls < 2 || s.Delivered+s.Merged != 4 {
			b.Errorf("%+v", s)
		}
	})
}

func TestSignalsForNobodyAreStale(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{}, func(b *bench) {
		b.watch(5, nil).Close()
		b.kernel.Queue(sigtest.In(5), sigtest.In(-1), sigtest.In(1<<30), sigtest.In(6))
		b.expect()
		if s := b.checkStats(); s.Stale != 4 {
			b.Errorf("%+v", s)
		}
	})
}

func TestWhatOthersSendIsForeign(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{}, func(b *bench) {
		b.watch(0, nil) // the descriptor that a record without one names
		before := b.checkStats()
		for code := siginfo.Code(0); code >= -60; code-- {
			b.kernel.Queue(sigtest.Sent(sigtest.Signo, code, 1, 5))
		}
		b.kernel.Queue(sigtest.Sent(sigtest.Signo, siginfo.PollHup+1, 0, 0))
		b.expect()
		if s := b.checkStats(); s.Foreign-before.Foreign != 62 || s.Calls != 0 {
			b.Errorf("%+v", s)
		}
	})
}

func TestObserveSeesEverySignalFirst(t *testing.T) {
	t.Parallel()
	var seen []siginfo.Record
	onTwin(t, sigio.Options{Observe: func(r *siginfo.Record) { seen = append(seen, *r) }}, func(b *bench) {
		b.watch(5, func(*sigio.Watch) sigio.Result {
			if len(seen) == 0 {
				b.Error("the handler came first")
			}
			return sigio.Drained
		})
		synctest.Wait()
		seen = nil
		sent := []siginfo.Record{sigtest.In(5), sigtest.In(9), sigtest.Mark(), sigtest.Sent(sigtest.Signo, siginfo.User, 1, 0), sigtest.WakeRecord()}
		b.kernel.Queue(sent...)
		synctest.Wait()
		if !slices.Equal(seen, sent) {
			b.Errorf("saw %d of %d", len(seen), len(sent))
		}
	})
}

func TestTheFirstCallComesByItself(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{}, func(b *bench) {
		b.kernel.SetReady(5, siginfo.In)
		b.watch(5, nil)
		b.watch(6, nil)
		b.expect("5 IN 0")
	})
}

func TestWatchRefusals(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{}, func(b *bench) {
		cause := errors.New("the cause")
		b.kernel.Refuse(1<<26, cause)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := b.loop.Watch(1<<26, nil); !errors.Is(err, cause) {
			b.Error(err)
		}
		if runtime.ReadMemStats(&after); after.TotalAlloc-before.TotalAlloc > 1<<28 {
			b.Error("a table for a descriptor that is none")
		}
		if _, err := b.loop.Watch(-1, nil); err == nil {
			b.Error("descriptor -1")
		}
		w := b.watch(5, nil)
		if _, err := b.loop.Watch(5, nil); err == nil {
			b.Error("watched twice")
		}
		w.Close()
		b.watch(5, nil)
		if err := w.Close(); err != nil { // again, and it must not be the new one's
			b.Error(err)
		}
		b.kernel.Event(5, siginfo.PollIn)
		b.expect("5 IN|RDNORM 1")
		if err := w.WaitRead(b.Context()); err == nil || errors.Is(err, net.ErrClosed) {
			b.Errorf("waiting for a Watch with a handler: %v", err)
		}
	})
}

// A descriptor that always wants more gets one call a turn, and so does everybody
// else who is ready.
func TestAFloodStarvesNobody(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{}, func(b *bench) {
		left := 3
		b.watch(5, func(*sigio.Watch) sigio.Result {
			if left--; left > 0 {
				b.kernel.Queue(sigtest.In(6), sigtest.In(5), sigtest.In(7))
				return sigio.More
			}
			return sigio.Drained
		})
		b.watch(6, nil)
		b.watch(7, nil)
		b.kernel.Queue(sigtest.In(5), sigtest.In(6), sigtest.In(7))
		b.expect(
			"5 IN|RDNORM 1", "6 IN|RDNORM 1", "7 IN|RDNORM 1",
			"5 IN|RDNORM 1", "6 IN|RDNORM 1", "7 IN|RDNORM 1",
			"5 IN|RDNORM 1", "6 IN|RDNORM 1", "7 IN|RDNORM 1")
	})
}

func TestMoreWaitsForTheOthers(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{}, func(b *bench) {
		left := 2
		more := func(w *sigio.Watch) sigio.Result {
			if left--; left >= 0 {
				return sigio.More
			}
			return sigio.Drained
		}
		b.watch(5, more)
		b.watch(6, nil)
		b.watch(7, more)
		b.kernel.Queue(sigtest.In(5), sigtest.In(6), sigtest.In(7))
		b.expect("5 IN|RDNORM 1", "6 IN|RDNORM 1", "7 IN|RDNORM 1", "5 0 0", "7 0 0")
	})
}

// Timers and posted functions have their turn while a handler wants more.
func TestMoreStarvesNoTimerAndNoPost(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{}, func(b *bench) {
		done, finished := 0, make(chan struct{})
		b.watch(5, func(w *sigio.Watch) sigio.Result {
			time.Sleep(time.Nanosecond) // for the clock of the bubble
			if done == 2 || b.called() > 1000 {
				close(finished)
				return sigio.Drained
			}
			return sigio.More
		})
		b.loop.Do(func() {
			b.loop.AfterFunc(0, func() { done++ })
			b.loop.Post(func() { done++ })
			b.kernel.Queue(sigtest.In(5))
		})
		<-finished
		if done != 2 || b.called() > 10 {
			b.Errorf("%d of 2 done after %d calls", done, b.called())
		}
	})
}

func TestCloseInsideABatch(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{}, func(b *bench) {
		var second *sigio.Watch
		b.watch(5, func(w *sigio.Watch) sigio.Result {
			second.Close()
			w.Close()
			return sigio.More // which means nothing any more
		})
		second = b.watch(6, nil)
		b.kernel.Queue(sigtest.In(5), sigtest.In(6), sigtest.In(6))
		b.expect("5 IN|RDNORM 1")
		if s := b.checkStats(); s.Stale != 2 || s.Delivered != 1 || s.Watches != 0 {
			b.Errorf("%+v", s)
		}
	})
}

// The number of a descriptor closed in a batch belongs to another file before the
// batch is over: what was queued for the first is not given to the second.
func TestReuseInsideABatch(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{}, func(b *bench) {
		old := b.watch(6, nil)
		b.watch(5, func(*sigio.Watch) sigio.Result {
			old.Close()
			b.watch(6, nil)
			return sigio.Drained
		})
		b.kernel.Queue(sigtest.In(5), sigtest.In(6))
		b.expect("5 IN|RDNORM 1")
		b.kernel.Event(6, siginfo.PollIn)
		b.expect("6 IN|RDNORM 1")
		if s := b.checkStats(); s.Stale != 1 {
			b.Errorf("%+v", s)
		}
	})
}

func TestAgain(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{}, func(b *bench) {
		first := true
		w := b.watch(5, func(w *sigio.Watch) sigio.Result {
			if first {
				first = false
				w.Again()
				w.Again()
			}
			return sigio.Drained
		})
		w.Again()
		b.expect("5 0 0", "5 0 0")
		w.Close()
		w.Again()
		b.expect()
	})
}
