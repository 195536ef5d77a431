package receiver

import (
	"slices"
	"sync/atomic"

	"github.com/seed-067c1534/sigio"
)

// crew are the workers. The list is replaced when one joins, so that loops can read it.
type crew struct{ list atomic.Pointer[[]*worker] }

func (c *crew) set(list []*worker) { c.list.Store(&list) }

// workers returns the workers, none before Start. It may be called from any goroutine.
func (r *Receiver) workers() []*worker {
	if list := r.crew.list.Load(); list != nil {
		return *list
	}
	return nil
}

// equip makes a worker for each loop, with one socket of each address.
func (r *Receiver) equip(group *sigio.Group) {
	var list []*worker
	for i, loop := range group.Loops() {
		w := newWorker(r, loop, r.modeOf(i))
		for j := range r.bound {
			w.sources = append(w.sources, w.newSource(&r.bound[j], i))
		}
		list = append(list, w)
	}
	r.crew.set(list)
}

// modeOf returns the mode of the worker number i. TLS is for goroutines, because it
// takes a millisecond to begin; they have a worker of their own.
func (r *Receiver) modeOf(i int) Mode {
	if i < r.config.Workers {
		return r.config.PerConnection
	}
	return Goroutine
}

// enlist makes the worker for TLS, if there is none and one of endpoints wants it. It stays,
// whatever becomes of them.
func (r *Receiver) enlist(endpoints []endpoint) error {
	wanted := slices.ContainsFunc(endpoints, func(e endpoint) bool { return e.cert != "" })
	if !wanted || r.config.PerConnection != Loop || r.loops > r.config.Workers {
		return nil
	}
	loop, err := sigio.NewLoop(r.config.Loop)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopping { // by now
		loop.Close()
		return errNotRunning
	}
	w := newWorker(r, loop, r.modeOf(r.loops))
	for i := range r.bound {
		b := &r.bound[i]
		b.fds = append(b.fds, -1)
		w.sources = append(w.sources, &absent{w: w, gone: true})
	}
	r.loops++
	r.crew.set(append(slices.Clone(r.workers()), w))
	r.attending.Go(func() { r.attend(loop) })
	return nil
}
