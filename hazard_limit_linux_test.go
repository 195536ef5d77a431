package sigio_test

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/internal/sys"
)

// With next to no room for queued signals, what does not fit is found by looking.
//
// Without the look in loss.recover, and also with SIGIO left out of the mask, the
// handlers of what did not fit were never called.
func TestHazard03QueueLimit(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{0, 1, 16} {
		t.Run(fmt.Sprintf("limit=%d", limit), func(t *testing.T) {
			t.Parallel()
			if sigtest.Alone(t, sigtest.SignalLimit(limit)) {
				overflow(t)
			}
		})
	}
}

func overflow(t *testing.T) {
	const n = 200
	l := newLoop(t, sigio.Options{Verify: -1})
	var writers [n]int
	var sinks [n]sink
	for i := range n {
		var reader int
		reader, writers[i] = datagramPair(t)
		watch(t, l, reader, &sinks[i])
	}
	each := func(count int64) {
		t.Helper()
		l.Do(func() { // the loop takes nothing meanwhile
			for _, fd := range writers {
				send(t, fd, "x")
			}
		})
		for i := range sinks {
			sinks[i].await(t, count)
		}
		settle(t, l)
	}
	each(1)
	s := l.Stats()
	if s.Overflows == 0 || s.Sweeps == 0 {
		t.Fatalf("nothing overflowed: %+v", s)
	}
	_, hard, err := sys.SignalLimit()
	if err != nil {
		t.Fatal(err)
	}
	if err := sys.SetSignalLimit(hard); err != nil {
		t.Fatal(err)
	}
	each(2)
	if portable {
		return // where every signal is the mark of a loss
	}
	if after := l.Stats(); after.Overflows != s.Overflows || after.Delivered != s.Delivered+n {
		t.Errorf("not back to normal: %+v after %+v", after, s)
	}
}

func datagramPair(t testing.TB) (a, b int) {
	t.Helper()
	a, b, err := sys.Pair(sys.UnixDatagram)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sys.Close(a); sys.Close(b) })
	return a, b
}

// Another process of the same user has used up the whole quota: the loop lives on
// looks alone, and can still be woken.
//
// Without the SIGIO in Wake that stands in for a signal that does not fit, Loop.Do
// waited for ever.
func TestHazard04QuotaUsedUpByAnother(t *testing.T) {
	t.Parallel()
	const limit, n = 64, 50
	if !sigtest.Alone(t, sigtest.SignalLimit(limit)) {
		return
	}
	stop := sigtest.Fill(t, limit)
	l := newLoop(t, sigio.Options{Verify: -1})
	var writers [n]int
	var sinks [n]sink
	for i := range n {
		var reader int
		reader, writers[i] = pair(t)
		watch(t, l, reader, &sinks[i])
	}
	var sent [n]int64
	traffic := func(d time.Duration) {
		t.Helper()
		for end := time.Now().Add(d); time.Now().Before(end); {
			i := rand.IntN(n)
			if k, err := sys.Send(writers[i], []byte("ping")); err == nil {
				sent[i] += int64(k)
			}
			if rand.IntN(100) == 0 {
				if err := l.Do(func() {}); err != nil {
					t.Error(err)
				}
			}
		}
		for i := range sinks {
			sinks[i].await(t, sent[i])
		}
	}
	traffic(500 * time.Millisecond)
	var fired atomic.Bool
	l.AfterFunc(time.Millisecond, func() { fired.Store(true) })
	sigtest.Until(t, "a timer", fired.Load)
	s := l.Stats()
	if portable {
		return
	}
	if s.Overflows == 0 || s.Wakeups == 0 || s.Delivered != 0 || s.Foreign != 0 {
		t.Errorf("with a full queue: %+v", s)
	}
	stop()
	sigtest.Until(t, "room in the queue", func() bool {
		traffic(10 * time.Millisecond)
		return l.Stats().Delivered > 0
	})
}

// A loop can be started and stopped while the quota is used up.
func TestCloseWithAFullQueue(t *testing.T) {
	t.Parallel()
	if !sigtest.Alone(t, sigtest.SignalLimit(0)) {
		return
	}
	for range 100 {
		l := newLoop(t, sigio.Options{})
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

// RaiseQueueLimit raises what may be raised.
func TestRaiseQueueLimit(t *testing.T) {
	t.Parallel()
	if !sigtest.Alone(t, sigtest.SignalLimit(1)) {
		return
	}
	newLoop(t, sigio.Options{RaiseQueueLimit: true})
	if soft, hard, err := sys.SignalLimit(); err != nil || soft != hard {
		t.Errorf("limit %d of %d, %v", soft, hard, err)
	}
}
