package output_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-067c1534/sigio/output"
)

// A blocked output that drops the oldest takes everything, keeps the newest, and tells each loss.
func TestDropOldest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		gate := make(chan struct{})
		s := sink{ask: func(_, n int) (int, error) { <-gate; return n, nil }}
		o := open(t, &s, output.Options{DropOldest: true, Limit: 400, Immediate: true})
		var r receipt
		put(t, o, &r, "0000")
		synctest.Wait() // 0000 is being written, and cannot be dropped
		for i := 1; i < 100; i++ {
			put(t, o, &r, fmt.Sprintf("%04d", i))
			conserved(t, o, i+1)
		}
		st := o.Stats()
		if st.PendingBytes+32*st.Pending > 400+37 || st.Pending < 9 || st.LostBy.Dropped != uint64(100-st.Pending) {
			t.Fatalf("%+v", st)
		}
		r.told(t, 0, 100-st.Pending, output.CauseDropped)
		if by := st.LostBy.ByCause(); len(by) != 1 || by[output.CauseDropped] != st.Lost {
			t.Fatalf("by cause: %v", by)
		}
		close(gate)
		pass(time.Second)
		r.told(t, st.Pending, 100-st.Pending, output.CauseDropped)
		want := "0000\n"
		for i := 100 - st.Pending + 1; i < 100; i++ {
			want += fmt.Sprintf("%04d\n", i)
		}
		if s.String() != want {
			t.Fatalf("wrote %q, want %q", s.String(), want)
		}
	})
}

// A message that is torn is not dropped: its line is completed.
func TestDropOldestKeepsATornMessage(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var full atomic.Bool
		full.Store(true)
		s := sink{ask: func(call, n int) (int, error) {
			if call == 0 {
				return 2, syscall.ENOSPC
			}
			if full.Load() {
				return 0, syscall.ENOSPC
			}
			return n, nil
		}}
		o := open(t, &s, output.Options{DropOldest: true, Limit: 100, Immediate: true})
		put(t, o, nil, "torn")
		pass(time.Second)
		for range 50 {
			put(t, o, nil, "lost")
		}
		put(t, o, nil, "last")
		full.Store(false)
		pass(5 * time.Second)
		if got := s.String(); !strings.HasPrefix(got, "torn\n") || !strings.HasSuffix(got, "last\n") {
			t.Fatalf("wrote %q", got)
		}
		conserved(t, o, 52)
	})
}

// However long it is blocked, memory stays within the limit.
func TestDropOldestMemory(t *testing.T) {
	gate := make(chan struct{})
	defer close(gate)
	s := &sink{ask: func(_, n int) (int, error) { <-gate; return n, nil }}
	o := open(t, s, output.Options{DropOldest: true, Limit: 1 << 20})
	m, r := msg(strings.Repeat("x", 100)), new(count)
	inUse := func() uint64 {
		runtime.GC()
		var st runtime.MemStats
		runtime.ReadMemStats(&st)
		return st.HeapAlloc
	}
	for range 20_000 {
		o.Append(m, r)
	}
	before := inUse()
	allocs := testing.AllocsPerRun(1, func() {
		for range 200_000 {
			o.Append(m, r)
		}
	})
	if after := inUse(); after > before+(2<<20) {
		t.Errorf("%d bytes in use, %d before", after, before)
	}
	if allocs > 100 {
		t.Errorf("%v allocations for 200,000 messages", allocs)
	}
	conserved(t, o, 420_000)
}

// Conservation with several sources, a sink that fails and blocks at random, and drops.
func TestDropOldestConservation(t *testing.T) {
	t.Parallel()
	for range 20 {
		seed := uint64(time.Now().UnixNano())
		bubble(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 0))
			s := &sink{}
			s.ask = func(_, n int) (int, error) {
				time.Sleep(time.Duration(rng.IntN(5000)) * time.Microsecond)
				if rng.IntN(3) == 0 {
					return rng.IntN(n + 1), syscall.ENOSPC
				}
				return n, nil
			}
			o := open(t, s, output.Options{DropOldest: true, Limit: 100 + rng.IntN(2000), Chunk: 1 + rng.IntN(500)})
			receipts := []*receipt{{}, {}, {}}
			var sources sync.WaitGroup
			for i, r := range receipts {
				sources.Go(func() {
					rng := rand.New(rand.NewPCG(seed, uint64(i+1)))
					for n := range 200 {
						put(t, o, r, fmt.Sprintf("%d:%d:%s", i, n, strings.Repeat("x", rng.IntN(50))))
						if rng.IntN(4) == 0 {
							time.Sleep(time.Duration(rng.IntN(2000)) * time.Microsecond)
						}
					}
				})
			}
			sources.Wait()
			if err := o.Close(t.Context()); err != nil {
				t.Errorf("seed %d: %v", seed, err)
			}
			delivered := 0
			for i, r := range receipts {
				if r.delivered+r.lost[output.CauseDropped] != 200 {
					t.Errorf("seed %d: source %d: %d delivered, lost %v", seed, i, r.delivered, r.lost)
				}
				delivered += r.delivered
			}
			conserved(t, o, 600)
			if lines := checkLines(t, s.String(), 3); lines != delivered {
				t.Errorf("seed %d: %d lines, %d delivered", seed, lines, delivered)
			}
		})
	}
}

// An error that would end another Writer is tried again.
func TestPersist(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := sink{ask: func(call, n int) (int, error) {
			if call < 5 {
				return 0, syscall.EROFS
			}
			return n, nil
		}}
		o := open(t, &s, output.Options{Persist: true})
		var r receipt
		put(t, o, &r, "one")
		pass(time.Minute)
		r.told(t, 1, 0, "")
		if st := o.Stats(); st.Retries != 5 || o.Err() != nil {
			t.Fatalf("%+v, %v", st, o.Err())
		}
	})
}
