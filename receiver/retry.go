package receiver

import (
	"fmt"
	"time"

	"github.com/seed-067c1534/sigio"
)

// retry makes a socket that could not be read for want of something wait, rather
// than try over and over: a signal would not come, or come too often. It is tried
// again after 10 ms, 20 ms, and so on up to 160 ms, and at once when a descriptor
// has become free.
type retry struct {
	w       *worker
	gate    *gate
	timer   *sigio.Timer
	delay   time.Duration
	waiting bool
}

const (
	firstRetry = 10 * time.Millisecond
	lastRetry  = 160 * time.Millisecond
)

func (t *retry) init(w *worker, g *gate) { t.w, t.gate = w, g }

// later makes the socket wait, because of err or, if that is nil, of our own accord.
func (t *retry) later(err error) {
	t.waiting = true
	t.w.starved.Store(true)
	t.delay = min(max(2*t.delay, firstRetry), lastRetry)
	if t.timer == nil {
		t.timer = t.w.loop.AfterFunc(t.delay, t.now)
	} else {
		t.timer.Reset(t.delay)
	}
	if err == nil {
		return
	}
	t.w.r.warn("retry", fmt.Sprintf("a socket cannot be served for the moment, and is tried again: %v", err))
}

// now ends the waiting.
func (t *retry) now() {
	if t.waiting {
		t.waiting = false
		t.gate.watch.Again()
	}
}

func (t *retry) succeeded() { t.delay = 0 }

func (t *retry) stop() {
	t.waiting = false
	if t.timer != nil {
		t.timer.Stop()
	}
}
