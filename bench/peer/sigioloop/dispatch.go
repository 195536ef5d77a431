package sigioloop

import (
	"time"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/bench/peer"
	"github.com/seed-067c1534/sigio/bench/service"
)

// dispatch measures a signal's way through the loop: from the moment when a full
// batch is queued to the call of the last handler. It runs on the loop's thread.
func dispatch(loop *sigio.Loop, o *peer.Options) error {
	d, err := service.NewDispatch()
	if err != nil {
		return err
	}
	var (
		calls   int
		started time.Time
		over    = make(chan struct{})
		round   func()
	)
	handler := sigio.HandlerFunc(func(*sigio.Watch, sigio.Event) sigio.Result {
		if calls++; calls == service.DispatchBatch {
			d.Took(time.Since(started))
			loop.Post(round)
		}
		return sigio.Drained
	})
	for _, fd := range d.Descriptors() {
		if _, err := loop.Watch(fd, handler); err != nil {
			return err
		}
	}
	round = func() {
		if !d.Next() {
			close(over)
			return
		}
		calls = 0
		started = time.Now()
	}
	before := loop.Stats().Received
	if err := loop.Post(round); err != nil {
		return err
	}
	select {
	case <-over:
	case <-loop.Done():
		return loop.Err()
	}
	loop.Do(func() {}) // the turn is over, and its account told
	d.Print(loop.Stats().Received - before)
	return nil
}
