package sigio_test

import (
	"fmt"
	"testing"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/siginfo"
)

// dispatcher is a loop on a kernel in memory whose handlers do nothing, so that
// what is measured is the way from a record to a call.
type dispatcher struct {
	kernel *sigtest.Kernel
	batch  []siginfo.Record
	calls  int
	until  int
	done   chan struct{}
}

// newDispatcher watches n descriptors; a batch has one signal for each.
func newDispatcher(tb testing.TB, n int) *dispatcher {
	d := &dispatcher{kernel: sigtest.NewKernel(), done: make(chan struct{})}
	l, err := sigio.StartLoop(d.kernel, sigio.Options{Batch: n, Verify: -1})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	for fd := range n {
		if _, err := l.Watch(fd, d); err != nil {
			tb.Fatal(err)
		}
		d.batch = append(d.batch, sigtest.In(fd))
	}
	return d
}

func (d *dispatcher) Ready(*sigio.Watch, sigio.Event) sigio.Result {
	if d.calls++; d.calls == d.until {
		d.done <- struct{}{}
	}
	return sigio.Drained
}

// dispatch has so many batches dispatched.
func (d *dispatcher) dispatch(batches int) {
	d.calls, d.until = 0, batches*len(d.batch)
	d.kernel.Repeat(batches, d.batch)
	<-d.done
}

func BenchmarkDispatch(b *testing.B) {
	for _, n := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("batch=%d", n), func(b *testing.B) {
			d := newDispatcher(b, n)
			d.dispatch(1)
			b.ReportAllocs()
			b.ResetTimer()
			d.dispatch((b.N + n - 1) / n)
		})
	}
}

func TestDispatchDoesNotAllocate(t *testing.T) {
	for _, n := range []int{1, 16, 256} {
		d := newDispatcher(t, n)
		d.dispatch(2) // the lists grow to their size
		if allocs := testing.AllocsPerRun(100, func() { d.dispatch(3) }); allocs != 0 {
			t.Errorf("batches of %d: %v allocations", n, allocs)
		}
	}
}
