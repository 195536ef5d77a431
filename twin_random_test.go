package sigio_test

import (
	"flag"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/siginfo"
)

var seedFlag = flag.Uint64("seed", 0, "of the random tests; 0 chooses one and prints it")

// newSeed returns a seed that a failing test prints.
func newSeed(t *testing.T) uint64 {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("again with -seed=%d", seed)
		}
	})
	return seed
}

// Whatever happens, the account balances whenever it is read, no handler runs
// twice at once or after its Watch was closed, and no event is lost: a descriptor
// that is ready when everything has calmed down has been called since.
func TestRandomScripts(t *testing.T) {
	t.Parallel()
	seed := newSeed(t)
	n := uint64(150)
	if testing.Short() {
		n = 50
	}
	for i := range n {
		o := sigio.Options{Batch: 1 + int(i%7), Verify: time.Second}
		if i%2 == 0 {
			o.Verify = -1 // or else it finds what is lost otherwise
		}
		onTwin(t, o, func(b *bench) {
			s := &script{bench: b, verify: o.Verify > 0, rand: rand.New(rand.NewPCG(seed, i)), loopRand: rand.New(rand.NewPCG(i, seed))}
			for range 60 {
				s.step()
				b.checkStats()
			}
			s.calmDown()
		})
		if t.Failed() {
			t.Logf("script %d", i)
			return
		}
	}
}

// script does random things to a loop.
type script struct {
	*bench
	rand   *rand.Rand
	verify bool

	// On the loop's thread only.
	loopRand *rand.Rand
	watches  [8]*probe // by descriptor
	unread   [8]bool   // something came that no call has followed yet
	calm     bool
}

// probe is one watch and what has happened to it.
type probe struct {
	s       *script
	w       *sigio.Watch
	fd      int
	closed  bool
	running atomic.Bool
}

func (p *probe) Ready(w *sigio.Watch, ev sigio.Event) sigio.Result {
	if p.running.Swap(true) {
		p.s.Error("a handler runs twice at once")
	}
	defer p.running.Store(false)
	if p.closed {
		p.s.Error("a handler was called after Close")
	}
	s := p.s
	s.unread[p.fd] = false
	s.kernel.SetReady(p.fd, 0)
	if s.calm {
		return sigio.Drained
	}
	switch s.loopRand.IntN(12) {
	case 0, 1:
		return sigio.More
	case 2:
		s.close(s.loopRand.IntN(len(s.watches)))
	case 3:
		s.open(s.loopRand.IntN(len(s.watches)))
	case 4:
		s.close(p.fd)
		s.open(p.fd)
	case 5:
		s.event(s.loopRand.IntN(len(s.watches)))
	case 6:
		w.Again()
	case 7:
		w.WantWrite()
	case 8:
		s.loop.Post(func() { s.event(p.fd) })
	case 9:
		s.close(s.loopRand.IntN(len(s.watches)))
		runtime.Goexit()
	}
	return sigio.Drained
}

func (s *script) step() {
	synctest.Wait()
	switch fd := s.rand.IntN(len(s.watches)); s.rand.IntN(10) {
	case 0, 1:
		s.loop.Do(func() { s.open(fd) })
	case 2:
		s.loop.Do(func() { s.close(fd) })
	case 3:
		s.kernel.Fill(s.rand.IntN(2) == 0)
	case 4:
		s.kernel.Queue(s.noise()...)
	case 5:
		if s.verify {
			s.kernel.Silence(fd)
		}
	case 6:
		time.Sleep(time.Duration(s.rand.Int64N(int64(2 * time.Second))))
	case 7:
		s.loop.AfterFunc(time.Duration(s.rand.Int64N(int64(time.Second))), func() { s.event(fd) })
	default:
		s.loop.Do(func() {
			for range 1 + s.loopRand.IntN(4) {
				s.event(s.loopRand.IntN(len(s.watches)))
			}
		})
	}
}

// noise returns signals that mean nothing, or not what they say.
func (s *script) noise() []siginfo.Record {
	records := make([]siginfo.Record, s.rand.IntN(20))
	for i := range records {
		signo := sigtest.Signo
		if s.rand.IntN(10) == 0 {
			signo = 29
		}
		code := siginfo.Code(s.rand.IntN(75) - 64)
		if s.rand.IntN(3) == 0 {
			records[i] = siginfo.PollRecord(signo, code, s.rand.IntN(12)-2)
		} else {
			records[i] = sigtest.Sent(signo, code, s.rand.IntN(2), s.rand.IntN(10))
		}
	}
	return records
}

func (s *script) event(fd int) {
	s.unread[fd] = true
	s.kernel.Event(fd, siginfo.PollIn)
}

func (s *script) open(fd int) {
	if s.watches[fd] != nil {
		return
	}
	p := &probe{s: s, fd: fd}
	w, err := s.loop.Watch(fd, p)
	if err != nil {
		s.Error(err)
	}
	p.w, s.watches[fd] = w, p
}

func (s *script) close(fd int) {
	if p := s.watches[fd]; p != nil {
		p.w.Close()
		p.closed, s.watches[fd] = true, nil
	}
}

// calmDown stops the noise, leaves time for the verification, and checks that
// nothing was lost.
func (s *script) calmDown() {
	s.loop.Do(func() { s.calm = true })
	s.kernel.Fill(false)
	time.Sleep(10 * time.Second)
	synctest.Wait()
	for fd, p := range s.watches {
		if p != nil && s.unread[fd] {
			s.Errorf("an event of descriptor %d was lost", fd)
		}
	}
}
