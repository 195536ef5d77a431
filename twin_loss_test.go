package sigio_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// The mark of a loss comes ahead of what is still queued. What is in its batch is
// served by the same calls.
func TestOneSweepAfterTheBatch(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{}, func(b *bench) {
		for fd := 5; fd < 9; fd++ {
			b.watch(fd, nil)
		}
		b.kernel.SetReady(7, siginfo.In)
		b.kernel.SetReady(6, siginfo.In|siginfo.RdHup)
		b.kernel.Queue(sigtest.Mark(), sigtest.In(5), sigtest.In(7))
		b.expect("5 IN|RDNORM 1", "7 IN|RDNORM 1", "6 IN|RDHUP 0")
		if s := b.checkStats(); s.Overflows != 1 || s.Sweeps != 1 {
			b.Errorf("%+v", s)
		}
	})
}

// With a full queue nothing but marks arrives, wake-ups included.
func TestAFullQueueLosesNothing(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{}, func(b *bench) {
		b.kernel.Fill(true)
		b.watch(5, nil)
		b.watch(6, nil)
		for i := range 10 {
			fd := 5 + i%2
			b.kernel.Event(fd, siginfo.PollIn)
			b.expect(fmt.Sprint(fd, " IN 0"))
			b.kernel.SetReady(fd, 0)
		}
		ran := false
		if err := b.loop.Do(func() { ran = true }); err != nil || !ran {
			b.Error("Do:", err)
		}
		if s := b.checkStats(); s.Overflows != 10 || s.Sweeps < 10 || s.Foreign != 0 {
			b.Errorf("%+v", s)
		}
	})
}

// A thousand descriptors are looked at in pieces, and all are found.
func TestASweepOfManyDescriptors(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{Verify: -1}, func(b *bench) {
		const n = 1300
		for fd := range n {
			b.watch(10+fd, nil)
			b.kernel.SetReady(10+fd, siginfo.In)
		}
		b.expect()
		calls, looked := b.kernel.Polls()
		b.kernel.Queue(sigtest.Mark())
		synctest.Wait()
		if b.called() != n {
			b.Errorf("%d of %d", b.called(), n)
		}
		calls2, looked2 := b.kernel.Polls()
		if looked2-looked != n || calls2-calls > 4 {
			b.Errorf("%d calls of poll for %d descriptors", calls2-calls, looked2-looked)
		}
	})
}

// Anybody may send SIGIO. It may hide a mark of the kernel's, so it is believed,
// but not more often than every ForgedGap; and the last one is not forgotten.
func TestForgedMarksAreRateLimited(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{Verify: -1}, func(b *bench) {
		b.watch(5, nil)
		const pause, total = 100 * time.Microsecond, time.Second
		for range total / pause {
			b.kernel.Queue(sigtest.Sent(29, siginfo.User, 1, 0))
			time.Sleep(pause)
		}
		synctest.Wait() // a sweep may be due at this very moment
		b.kernel.SetReady(5, siginfo.In)
		b.kernel.Queue(sigtest.Sent(29, siginfo.TKill, 1, 0))
		time.Sleep(sigio.ForgedGap)
		b.expect("5 IN 0")
		s := b.checkStats()
		if most := uint64(total/sigio.ForgedGap) + 2; s.Sweeps > most || s.Sweeps < most/2 {
			b.Errorf("%d sweeps, %d at most", s.Sweeps, most)
		}
		if s.Foreign != uint64(total/pause)+1 || s.Overflows != 0 {
			b.Errorf("%+v", s)
		}
	})
}

// A true mark is not held up by forged ones.
func TestATrueMarkAmongForgedOnes(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{Verify: -1}, func(b *bench) {
		b.watch(5, nil)
		forged := sigtest.Sent(29, siginfo.User, 1, 0)
		b.kernel.Queue(forged)
		synctest.Wait()
		b.kernel.Queue(forged) // this one waits
		b.kernel.SetReady(5, siginfo.In)
		b.expect()
		b.kernel.Queue(sigtest.Mark())
		b.expect("5 IN 0")
	})
}

// A sweep that is put off is not forgotten when its time comes within the same turn,
// because a handler takes long.
func TestASweepPutOffByASlowHandler(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{Verify: -1}, func(b *bench) {
		b.watch(5, func(*sigio.Watch) sigio.Result {
			time.Sleep(2 * sigio.ForgedGap)
			return sigio.Drained
		})
		b.watch(6, nil)
		forged := sigtest.Sent(29, siginfo.User, 1, 0)
		b.kernel.Queue(forged)
		synctest.Wait()
		b.loop.Do(func() {
			b.kernel.SetReady(6, siginfo.In)
			b.kernel.Queue(forged, sigtest.In(5))
		})
		time.Sleep(time.Hour)
		b.expect("5 IN|RDNORM 1", "6 IN 0")
	})
}

// slowPoll is a kernel that takes long to look at everything.
type slowPoll struct{ *sigtest.Kernel }

const sweepTime = 3 * time.Millisecond

func (k slowPoll) Poll(fds []sys.PollFd) (int, error) {
	if len(fds) > 1 {
		time.Sleep(sweepTime)
	}
	return k.Kernel.Poll(fds)
}

// However many marks there are, half of the time is left for the handlers.
func TestSweepsTakeHalfOfTheTimeAtMost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := slowPoll{sigtest.NewKernel()}
		l, err := sigio.StartLoop(k, sigio.Options{Verify: -1})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		for fd := range 3 {
			l.Watch(fd, sigio.HandlerFunc(func(*sigio.Watch, sigio.Event) sigio.Result { return sigio.Drained }))
		}
		const total = time.Second
		for range total / time.Millisecond {
			k.Queue(sigtest.Mark())
			time.Sleep(time.Millisecond)
		}
		n := l.Stats().Sweeps
		if spent := time.Duration(n) * sweepTime; spent > total/2+sweepTime || spent < total/4 {
			t.Errorf("%d sweeps took %v of %v", n, spent, total)
		}
	})
}

func TestVerificationRepairsAndLooks(t *testing.T) {
	t.Parallel()
	const period = time.Minute
	onTwin(t, sigio.Options{Verify: period}, func(b *bench) {
		for fd := range 1200 { // more than one piece
			b.watch(fd, nil)
		}
		b.kernel.Silence(1000)
		b.kernel.SetReady(3, siginfo.Hup)
		b.kernel.Event(1000, siginfo.PollIn) // unheard
		b.expect()
		time.Sleep(period + time.Millisecond)
		b.expect("3 HUP 0", "1000 IN 0")
		if s := b.checkStats(); s.Repaired != 1 {
			b.Errorf("%+v", s)
		}
		b.kernel.SetReady(3, 0)
		b.kernel.SetReady(1000, 0)
		b.kernel.Event(1000, siginfo.PollIn)
		b.expect("1000 IN|RDNORM 1")
	})
}

func TestVerificationCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{Verify: -1}, func(b *bench) {
		b.watch(5, nil)
		b.kernel.Silence(5)
		b.kernel.Event(5, siginfo.PollIn)
		time.Sleep(time.Hour)
		b.expect()
	})
}

// Room to write is looked for until it is found, and no longer.
func TestWantWriteLooks(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{Verify: -1}, func(b *bench) {
		w := b.watch(5, nil)
		b.kernel.SetReady(5, siginfo.Out)
		time.Sleep(time.Hour)
		b.expect() // nobody asked
		w.WantWrite()
		b.expect("5 OUT 0")
		time.Sleep(time.Hour)
		b.expect() // nobody asked again

		b.kernel.SetReady(5, 0)
		w.WantWrite()
		time.Sleep(time.Second)
		b.expect()
		before, _ := b.kernel.Polls()
		time.Sleep(time.Minute)
		after, _ := b.kernel.Polls()
		if n := time.Duration(after - before); n != time.Minute/sigio.LastWriteLook {
			b.Errorf("%d looks in a minute", n)
		}
		b.kernel.SetReady(5, siginfo.Out)
		time.Sleep(sigio.LastWriteLook)
		b.expect("5 OUT 0")
		w.WantWrite()
		w.Close()
		time.Sleep(time.Hour)
		b.expect()
	})
}

// poll(2) always finds room in some sockets (an unconnected Unix datagram
// socket), whether or not a write would succeed. Such a watch must not spin.
func TestRoomThatIsNone(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{Verify: -1}, func(b *bench) {
		b.kernel.SetReady(5, siginfo.Out)
		w := b.watch(5, func(w *sigio.Watch) sigio.Result {
			if b.called() < 1000 {
				w.WantWrite() // the write said EAGAIN
			}
			return sigio.Drained
		})
		w.WantWrite()
		const total = time.Second
		time.Sleep(total)
		synctest.Wait()
		if n, most := b.called(), int(total/sigio.FirstWriteLook)+1; n > most || n < most/2 {
			b.Errorf("%d calls in %v, %d at most", n, total, most)
		}
	})
}
