package output_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/output"
)

// One output that is blocked for good leaves the others alone: they get everything in order, and
// the account is exact.
func TestFanBlockedBranch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		gate := make(chan struct{})
		defer close(gate)
		stuck := &sink{ask: func(_, n int) (int, error) { <-gate; return n, nil }}
		well := &sink{}
		a := open(t, well, output.Options{Limit: 1000})
		b := open(t, stuck, output.Options{DropOldest: true, Limit: 500})
		f := output.NewFan(a, b)
		var r receipt
		want := ""
		for i := range 1000 {
			text := fmt.Sprint(i)
			want += text + "\n"
			for !f.Append(msg(text), &r) {
				room := make(chan struct{})
				f.Room(func() { close(room) })
				<-room
			}
		}
		pass(time.Second)
		if well.String() != want {
			t.Fatal("the other output misses something")
		}
		// What the blocked one has dropped is settled, what it holds is not.
		held := b.Stats().Pending
		r.told(t, 1000-held, 0, "")
		conserved(t, a, 1000)
		conserved(t, b, 1000)
		if held == 0 || held > 20 {
			t.Fatalf("holds %d", held)
		}
	})
}

// A full branch refuses the message for all, so that none gets it twice.
func TestFanRefusesForAll(t *testing.T) {
	bubble(t, func(t *testing.T) {
		step := make(chan struct{})
		slow := &sink{ask: func(_, n int) (int, error) { <-step; return n, nil }}
		well := &sink{}
		a := open(t, well, output.Options{})
		b := open(t, slow, output.Options{Limit: 100, Immediate: true})
		f := output.NewFan(a, b)
		var r receipt
		n, room := 0, 0
		for f.Append(msg("x"), &r) {
			n++
		}
		f.Room(func() { room++ })
		pass(time.Second)
		if f.Append(msg("x"), &r) || room != 0 {
			t.Fatalf("accepted although full; room called %d times", room)
		}
		r.told(t, 0, 0, "") // the slow one has settled nothing
		close(step)
		pass(time.Second)
		if room != 1 || !f.Append(msg("x"), &r) {
			t.Fatalf("room called %d times", room)
		}
		pass(time.Second)
		r.told(t, n+1, 0, "")
		conserved(t, a, n+1)
		conserved(t, b, n+1)
		f.Room(func() { room++ })
		if room != 2 {
			t.Fatal("Room was not called although there is room")
		}
	})
}

// Delivered if one wrote it, Lost with its cause if none did.
func TestFanOutcome(t *testing.T) {
	bubble(t, func(t *testing.T) {
		gone := &sink{ask: func(int, int) (int, error) { return 0, syscall.EPIPE }}
		well := &sink{}
		a, b := open(t, gone, output.Options{}), open(t, well, output.Options{})
		f := output.NewFan(a, b)
		var r receipt
		f.Append(msg("one"), &r)
		pass(time.Second)
		r.told(t, 1, 0, "")
		f.Append(msg("nobody asks"), nil)
		pass(time.Second)
		b.Close(t.Context())
		f.Append(msg("two"), &r)
		pass(time.Second)
		r.told(t, 1, 1, output.CauseShutdown) // it was told first
	})
}

func TestFanConservation(t *testing.T) {
	t.Parallel()
	const sources, each = 4, 300
	for range 10 {
		seed := uint64(time.Now().UnixNano())
		bubble(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 0))
			var branches []*output.Writer
			for range 1 + rng.IntN(4) {
				wait, trouble := rng.IntN(3000), rng.IntN(60)
				rng := rand.New(rand.NewPCG(seed, uint64(len(branches))))
				s := &sink{ask: func(_, n int) (int, error) {
					time.Sleep(time.Duration(wait) * time.Microsecond)
					if rng.IntN(100) < trouble {
						return rng.IntN(n + 1), syscall.ENOSPC
					}
					return n, nil
				}}
				branches = append(branches, open(t, s, output.Options{Limit: 200 + rng.IntN(3000), DropOldest: rng.IntN(2) == 0}))
			}
			f := output.NewFan(branches...)
			var r receipt
			var wg sync.WaitGroup
			for i := range sources {
				wg.Go(func() {
					for n := range each {
						for !f.Append(msg(fmt.Sprintf("%d:%d:", i, n)), &r) {
							room := make(chan struct{})
							f.Room(func() { close(room) })
							<-room
						}
					}
				})
			}
			wg.Wait()
			for _, b := range branches {
				if err := b.Close(t.Context()); err != nil {
					t.Errorf("seed %d: %v", seed, err)
				}
				conserved(t, b, sources*each)
			}
			synctest.Wait()
			lost := 0
			for _, n := range r.lost {
				lost += n
			}
			if r.delivered+lost != sources*each {
				t.Errorf("seed %d: %d delivered, %v lost", seed, r.delivered, r.lost)
			}
		})
	}
}

type countingSink struct{ n atomic.Int64 }

func (c *countingSink) Write(p []byte) (int, error) { c.n.Add(int64(len(p))); return len(p), nil }

func TestFanAllocations(t *testing.T) {
	a, b := output.NewWriter(new(countingSink), output.Options{}), output.NewWriter(new(countingSink), output.Options{DropOldest: true})
	defer a.Close(context.Background())
	defer b.Close(context.Background())
	f := output.NewFan(a, b)
	m, r := sample(), new(count)
	round := func() {
		for range 5000 {
			for !f.Append(m, r) {
				runtime.Gosched()
			}
		}
		for a.Stats().Pending+b.Stats().Pending > 0 {
			runtime.Gosched()
		}
	}
	round()
	round()
	// The pool gives its tickets back to the collector now and then, in tests with
	// the race detector also at random.
	if n := testing.AllocsPerRun(20, round); n > 500 && !sigtest.RaceDetector {
		t.Fatalf("%v allocations for 5000 messages", n)
	}
}

func BenchmarkFan(b *testing.B) {
	for branches := 1; branches <= 3; branches++ {
		b.Run(fmt.Sprint(branches), func(b *testing.B) {
			var list []*output.Writer
			for range branches {
				o := output.NewWriter(new(countingSink), output.Options{})
				defer o.Close(context.Background())
				list = append(list, o)
			}
			f := output.NewFan(list...)
			m, r := sample(), new(count)
			b.ReportAllocs()
			for b.Loop() {
				for !f.Append(m, r) {
					runtime.Gosched()
				}
			}
		})
	}
}
