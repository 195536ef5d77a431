package signals_test

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/siginfo"
	"github.com/seed-067c1534/sigio/signals"
)

func newTimer(t *testing.T, sig os.Signal, clock signals.Clock) *signals.Timer {
	t.Helper()
	timer, err := signals.NewTimer(sig, clock)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("this architecture has no handler")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { timer.Close() })
	return timer
}

// At 1 kHz every expiration is in the account, as a signal or as an overrun.
func TestTimerAccount(t *testing.T) {
	t.Parallel()
	d := 500 * time.Millisecond
	if soak {
		d = 10 * time.Second
	}
	timer := newTimer(t, syscall.Signal(47), signals.Monotonic)
	before := time.Now()
	if err := timer.Set(time.Millisecond, time.Millisecond); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	<-time.After(d)
	least := time.Since(began)
	if err := timer.Stop(); err != nil {
		t.Fatal(err)
	}
	most := time.Since(before)
	// What expired before Stop may still be on its way.
	sigtest.Until(t, "the account", func() bool {
		got := time.Duration(timer.Ticks().Expirations()) * time.Millisecond
		return got >= least-least/100-2*time.Millisecond && got <= most+most/100+2*time.Millisecond
	})
	t.Logf("%+v in %v to %v", timer.Ticks(), least, most)
}

func TestTimerSignals(t *testing.T) {
	for _, clock := range []signals.Clock{signals.Monotonic, signals.Boottime, signals.Realtime} {
		timer, other := newTimer(t, syscall.SIGALRM, clock), newTimer(t, syscall.SIGALRM, clock)
		c := make(chan siginfo.Info, 4)
		notify(t, c, syscall.SIGALRM)
		if err := timer.Set(time.Microsecond, 0); err != nil {
			t.Fatal(err)
		}
		info := receive(t, c)
		if _, overrun, ok := info.Timer(); !ok || overrun != 0 || !timer.Sent(info) || other.Sent(info) {
			t.Error(info)
		}
		queue(t, syscall.SIGALRM, 1)
		if info := receive(t, c); timer.Sent(info) {
			t.Errorf("%v passes for the timer's", info)
		}
		if ticks := timer.Ticks(); ticks != (signals.Ticks{Signals: 1}) || other.Ticks() != (signals.Ticks{}) {
			t.Errorf("%+v", ticks)
		}
		signals.Stop(c)
		for range 2 {
			if err := timer.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := timer.Set(1, 0); !errors.Is(err, os.ErrClosed) {
			t.Error(err)
		}
		other.Close()
	}
}

func TestTimerRefuses(t *testing.T) {
	t.Parallel()
	timer := newTimer(t, syscall.Signal(48), signals.Monotonic)
	for _, d := range [][2]time.Duration{{0, 0}, {-1, 0}, {1, -1}} {
		if err := timer.Set(d[0], d[1]); err == nil {
			t.Errorf("set to %v", d)
		}
	}
	if _, err := signals.NewTimer(syscall.SIGALRM, 17); err == nil {
		t.Error("there is a clock 17")
	}
}

// A signal that is taken late stands for all expirations until then.
func TestTimerOverrun(t *testing.T) {
	const signo = 49
	if !aloneReserved(t, signo) {
		return
	}
	timer := newTimer(t, syscall.Signal(signo), signals.Monotonic)
	r := newReader(t, signals.Options{}, syscall.Signal(signo))
	release := signals.Hold()
	if err := timer.Set(time.Millisecond, time.Millisecond); err != nil {
		t.Fatal(err)
	}
	<-time.After(100 * time.Millisecond)
	release()
	total := 0
	for total < 100 {
		info := next(t, r)
		_, overrun, ok := info.Timer()
		if !ok {
			t.Fatal(info)
		}
		total += 1 + overrun
	}
	if ticks := timer.Ticks(); ticks.Overruns < 50 || ticks.Expirations() < 100 {
		t.Errorf("%+v", ticks)
	}
}
