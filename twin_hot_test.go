package sigio_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/siginfo"
)

const in = siginfo.In | siginfo.RdNorm

// heat makes descriptors hot: each gets so many signals in a row.
func (b *bench) heat(fds ...int) {
	b.Helper()
	for range sigio.HeatStreak {
		for _, fd := range fds {
			b.kernel.Queue(sigtest.In(fd))
		}
		synctest.Wait()
	}
}

// While a descriptor is ready in every turn its signals are off, and it is looked
// at. Afterwards they are on again.
func TestAHotDescriptorIsLookedAt(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{}, func(b *bench) {
		n, armed := 0, ""
		b.watch(5, func(*sigio.Watch) sigio.Result {
			switch n++; n {
			case sigio.HeatStreak:
				b.kernel.SetReady(5, in) // from now on
			case sigio.HeatStreak + 3:
				armed = fmt.Sprint(b.kernel.Armed())
				b.kernel.SetReady(5, 0)
			}
			return sigio.Drained
		})
		b.heat(5)
		one, look := "5 IN|RDNORM 1", "5 IN 0"
		b.expect(one, one, one, look, look, look)
		if armed != "[]" {
			t.Errorf("armed while it is hot: %s", armed)
		}
		if armed := b.kernel.Armed(); !slices.Equal(armed, []int{5}) {
			t.Errorf("armed afterwards: %v", armed)
		}
		if s := b.checkStats(); s.Hot != 1 || s.Delivered != sigio.HeatStreak {
			t.Errorf("%+v", s)
		}
	})
}

// What comes in the moment before the signals are on again is found by the look
// that follows.
func TestNothingIsLostWhenADescriptorCools(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{Verify: -1}, func(b *bench) {
		b.watch(5, func(*sigio.Watch) sigio.Result {
			b.kernel.SetReady(5, 0)
			return sigio.Drained
		})
		b.kernel.BeforeArm(5, func() { b.kernel.SetReady(5, in) })
		b.heat(5)
		one := "5 IN|RDNORM 1"
		b.expect(one, one, one, "5 IN 0")
	})
}

// An end of file stays, so that a look finds it each time. The handler hears of it
// once while the descriptor is hot, and once when it has been armed again.
func TestAnEndOfFileIsNotHot(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{Verify: -1}, func(b *bench) {
		b.watch(5, nil)
		b.kernel.SetReady(5, in|siginfo.RdHup)
		b.expect()
		b.heat(5)
		if n := b.called(); n > sigio.HeatStreak+2 {
			t.Errorf("%d calls for one end of file", n)
		}
	})
}

// A handler that leaves something unread, because it does not want it now, is not
// called for ever.
func TestAHotDescriptorIsNotHotForEver(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{Verify: -1}, func(b *bench) {
		b.watch(5, nil)
		b.kernel.SetReady(5, in)
		b.heat(5) // ends only if the loop comes to rest
		if n := b.called(); n > sigio.HeatStreak+sigio.HeatLimit+2 {
			t.Errorf("%d calls", n)
		}
	})
}

// Who is ready once in a while is not hot: it would only be switched to and fro.
func TestBurstsCostFewSwitches(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{}, func(b *bench) {
		b.watch(5, nil)
		for range 100 {
			b.kernel.Queue(sigtest.In(5))
			synctest.Wait()
		}
		if s := b.checkStats(); s.Hot == 0 || s.Hot > 4 || s.Delivered != 100 {
			t.Errorf("%+v", s)
		}
	})
}

// A longer sleep between the signals says that the descriptor is not hot at all.
func TestRareSignalsAreNoHeat(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{Verify: -1}, func(b *bench) {
		b.watch(5, nil)
		for range 100 {
			time.Sleep(sigio.ShortSleep + 1) // the bubble's time
			b.kernel.Queue(sigtest.In(5))
			synctest.Wait()
		}
		if s := b.checkStats(); s.Hot != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestSignalsStayOnIfSoAsked(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{Linger: -1}, func(b *bench) {
		b.watch(5, nil)
		b.heat(5, 5, 5)
		if s := b.checkStats(); s.Hot != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// Whoever waits reads in its own time, so a look would find the same again.
func TestAWaiterIsNeverHot(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{Verify: -1}, func(b *bench) {
		w, err := b.loop.Watch(5, nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			b.kernel.Queue(sigtest.In(5))
			if err := w.WaitRead(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		if s := b.checkStats(); s.Hot != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// Of two hot descriptors one is closed by the other one's handler.
func TestAHotDescriptorIsClosed(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{Verify: -1}, func(b *bench) {
		n := 0
		first := b.watch(5, nil)
		b.watch(7, func(*sigio.Watch) sigio.Result {
			switch n++; n {
			case sigio.HeatStreak:
				b.kernel.SetReady(5, in)
				b.kernel.SetReady(7, in)
			case sigio.HeatStreak + 2:
				first.Close()
			case sigio.HeatStreak + 4:
				b.kernel.SetReady(7, 0)
			}
			return sigio.Drained
		})
		b.heat(5, 7)
		five, seven := "5 IN 0", "7 IN 0"
		b.mu.Lock()
		b.calls = b.calls[2*sigio.HeatStreak:]
		b.mu.Unlock()
		b.expect(five, seven, five, seven, seven, seven)
		if armed := b.kernel.Armed(); !slices.Equal(armed, []int{7}) {
			t.Errorf("armed: %v", armed)
		}
	})
}

// The loop closes what is hot, too.
func TestALoopEndsWithHotDescriptors(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{}, func(b *bench) {
		n := 0
		b.watch(5, func(*sigio.Watch) sigio.Result {
			if n++; n == sigio.HeatStreak+2 {
				b.loop.Close()
			}
			b.kernel.SetReady(5, in)
			return sigio.Drained
		})
		b.heat(5)
	})
}

// A new thread arms everything anew.
func TestAHotDescriptorOutlivesItsThread(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{Verify: -1}, func(b *bench) {
		n := 0
		b.watch(5, func(*sigio.Watch) sigio.Result {
			switch n++; n {
			case sigio.HeatStreak:
				b.kernel.SetReady(5, in)
			case sigio.HeatStreak + 1:
				b.kernel.SetReady(5, 0)
				runtime.Goexit()
			}
			return sigio.Drained
		})
		b.heat(5)
		b.mu.Lock()
		b.calls = b.calls[sigio.HeatStreak:]
		b.mu.Unlock()
		b.expect("5 IN 0", "5 0 0")
		if armed := b.kernel.Armed(); !slices.Equal(armed, []int{5}) {
			t.Errorf("armed: %v", armed)
		}
		b.kernel.Queue(sigtest.In(5))
		b.expect("5 IN|RDNORM 1")
	})
}

// Room to write is asked for as long as it is wanted, no longer.
func TestAHotDescriptorWantsToWrite(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{Verify: -1}, func(b *bench) {
		n := 0
		b.watch(5, func(w *sigio.Watch) sigio.Result {
			switch n++; n {
			case sigio.HeatStreak:
				b.kernel.SetReady(5, in)
			case sigio.HeatStreak + 1:
				b.kernel.SetReady(5, siginfo.Out)
				w.WantWrite()
			}
			return sigio.Drained
		})
		b.heat(5)
		b.mu.Lock()
		b.calls = b.calls[sigio.HeatStreak:]
		b.mu.Unlock()
		b.expect("5 IN 0", "5 OUT 0") // and there is room for ever
	})
}

// A descriptor that cannot be armed again is its handler's to close.
func TestADescriptorThatCannotCool(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{Verify: -1}, func(b *bench) {
		b.watch(5, nil)
		b.kernel.Refuse(5, errors.New("refused"))
		b.heat(5)
		one := "5 IN|RDNORM 1"
		b.expect(one, one, one, "5 0 0")
	})
}

// With Coalesce the loop sleeps while descriptors are hot. What is not hot wakes
// it.
func TestHotDescriptorsAreCoalesced(t *testing.T) {
	t.Parallel()
	const pause = time.Millisecond
	onTwin(t, sigio.Options{Coalesce: pause, Verify: -1}, func(b *bench) {
		b.watch(5, func(*sigio.Watch) sigio.Result {
			b.kernel.SetReady(5, 0)
			return sigio.Drained
		})
		b.watch(7, nil)
		b.heat(5)
		one, look := "5 IN|RDNORM 1", "5 IN 0"
		b.expect(one, one, one)
		if armed := b.kernel.Armed(); !slices.Equal(armed, []int{7}) {
			t.Fatalf("armed: %v", armed)
		}
		b.kernel.SetReady(5, in)
		time.Sleep(pause / 2)
		b.expect()
		time.Sleep(pause)
		b.expect(look)
		b.kernel.Queue(sigtest.In(7))
		b.expect("7 IN|RDNORM 1")
		time.Sleep(100 * pause)
		if armed := b.kernel.Armed(); !slices.Equal(armed, []int{5, 7}) {
			t.Errorf("armed afterwards: %v", armed)
		}
	})
}

// A timer is not late because of Coalesce.
func TestCoalesceKeepsTheTime(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{Coalesce: time.Hour, Verify: -1}, func(b *bench) {
		b.watch(5, nil)
		b.heat(5)
		start := time.Now()
		fired := make(chan time.Duration, 1)
		b.loop.AfterFunc(time.Millisecond, func() { fired <- time.Since(start) })
		if d := <-fired; d != time.Millisecond {
			t.Errorf("after %v", d)
		}
	})
}

func TestShort(t *testing.T) {
	for _, test := range []struct {
		ev   sigio.Event
		want bool
	}{
		{sigio.Event{}, false}, // More: what came before is unknown
		{sigio.Event{Signals: 1, Band: in}, true},
		{sigio.Event{Signals: 2, Band: in}, false},
		{sigio.Event{Signals: 0, Band: siginfo.In}, true},
		{sigio.Event{Signals: 0, Band: siginfo.In | siginfo.RdHup}, false},
		{sigio.Event{Signals: 1, Band: siginfo.Pri | siginfo.RdBand}, false},
		{sigio.Event{Signals: 1, Band: siginfo.Hup | siginfo.Err}, false},
	} {
		if got := test.ev.Short(); got != test.want {
			t.Errorf("%+v: %v", test.ev, got)
		}
	}
}
