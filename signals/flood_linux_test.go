package signals_test

import (
	"context"
	"errors"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/signals"
)

// noise keeps the collector and the scheduler busy, and the profiler sampling.
func noise(t *testing.T) (stop func()) {
	var wg sync.WaitGroup
	end := make(chan struct{})
	if err := pprof.StartCPUProfile(new(discard)); err != nil {
		t.Log("no profile:", err) // another one runs
	}
	for range 4 {
		wg.Go(func() {
			var kept [][]byte
			for i := 0; ; i++ {
				select {
				case <-end:
					return
				default:
				}
				kept = append(kept, make([]byte, 1<<12))
				if len(kept) > 256 {
					kept = nil
				}
				if i%1000 == 0 {
					runtime.GC()
				}
				runtime.Gosched()
			}
		})
	}
	return func() {
		close(end)
		wg.Wait()
		pprof.StopCPUProfile()
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// Every value of another process arrives, once.
func TestFloodArrivesComplete(t *testing.T) {
	const signo = 50
	n := 50_000
	if soak {
		n = 1_000_000
	}
	r := newReader(t, signals.Options{Queue: n}, syscall.Signal(signo))
	defer noise(t)()
	stop := sigtest.Start(t, "send", strconv.Itoa(signo), strconv.Itoa(n))
	seen := make([]bool, n)
	swaps, last := 0, -1
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	for got := 0; got < n; got++ {
		info, err := r.Next(ctx)
		var lost *signals.LostError
		if errors.As(err, &lost) {
			t.Fatalf("%v after %d", err, got)
		}
		if err != nil {
			t.Fatalf("after %d: %v", got, err)
		}
		v, _, ok := info.Value()
		if !ok || v < 0 || v >= n || seen[v] {
			t.Fatalf("after %d: %v", got, info)
		}
		seen[v] = true
		if v < last {
			swaps++
		}
		last = v
	}
	t.Logf("%d signals in %v, %d times one came before one that was sent earlier", n, time.Since(began), swaps)
	stop()
}
