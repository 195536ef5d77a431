package sigio_test

import (
	"testing"

	"github.com/seed-067c1534/sigio"
)

// A connection costs its handler's memory and one Watch. It does not run in
// parallel with others, whose allocations would count.
func TestWatchCostsOneAllocation(t *testing.T) {
	l := newLoop(t, sigio.Options{})
	reader, _ := pipe(t)
	handler := sigio.HandlerFunc(func(*sigio.Watch, sigio.Event) sigio.Result { return sigio.Drained })
	var allocations float64
	var failed error
	l.Do(func() {
		allocations = testing.AllocsPerRun(100, func() {
			w, err := l.Watch(reader, handler)
			if err != nil {
				failed = err
				return
			}
			w.Close()
		})
	})
	if failed != nil || allocations > 1 {
		t.Errorf("%v allocations for a Watch, %v", allocations, failed)
	}
}
