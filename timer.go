package sigio

import (
	"container/heap"
	"time"
)

// Timer calls a function on the loop's thread at a later time. It is nothing but
// the time-out of the loop's own wait: no goroutine and no timer of the runtime or
// the kernel stands behind it.
type Timer struct {
	loop  *Loop
	f     func()
	when  time.Time
	index int // in the heap, or -1
}

// AfterFunc calls f on the loop's thread after d has passed, unless the timer is
// stopped before. After the end of the loop nothing is called.
func (l *Loop) AfterFunc(d time.Duration, f func()) *Timer {
	t := l.newTimer(f)
	t.Reset(d)
	return t
}

func (l *Loop) newTimer(f func()) *Timer { return &Timer{loop: l, f: f, index: -1} }

// Reset makes t call its function after d from now, whether or not it was stopped
// or has done so before. It may be called from any goroutine, t's function
// included.
func (t *Timer) Reset(d time.Duration) {
	l := t.loop
	l.mu.Lock()
	if l.ended {
		l.mu.Unlock()
		return
	}
	// At least 1 ns, so that a function which resets its own timer is not due
	// again before all others have had their turn.
	t.when = time.Now().Add(max(d, 1))
	if t.index < 0 {
		heap.Push(&l.timers, t)
	} else {
		heap.Fix(&l.timers, t.index)
	}
	first := t.index == 0
	l.mu.Unlock()
	if first {
		l.wakeIfAsleep()
	}
}

// Stop keeps t from calling its function and says whether it did: false means
// that the function has been called, is being called, or was stopped before.
// Called on the loop's thread, it leaves no doubt: afterwards there is no call.
func (t *Timer) Stop() bool {
	l := t.loop
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.index < 0 || l.ended {
		return false
	}
	heap.Remove(&l.timers, t.index)
	return true
}

// runTimers calls the functions that are due.
func (l *Loop) runTimers() {
	l.mu.Lock()
	if len(l.timers) == 0 {
		l.mu.Unlock()
		return
	}
	now := time.Now() // what comes due meanwhile waits for the next turn
	for len(l.timers) > 0 && !l.timers[0].when.After(now) {
		t := heap.Pop(&l.timers).(*Timer)
		l.mu.Unlock()
		l.doing = "a timer's function"
		t.f()
		l.doing = ""
		l.mu.Lock()
	}
	l.mu.Unlock()
}

// timerHeap orders timers by time, the next one first; see container/heap.
type timerHeap []*Timer

func (h timerHeap) Len() int           { return len(h) }
func (h timerHeap) Less(i, j int) bool { return h[i].when.Before(h[j].when) }

func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *timerHeap) Push(x any) {
	t := x.(*Timer)
	t.index = len(*h)
	*h = append(*h, t)
}

func (h *timerHeap) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	t.index = -1
	return t
}
