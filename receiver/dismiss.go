package receiver

import "fmt"

// expire dismisses the connections whose time is over. It runs on the loop's
// thread, when the timer of the connections says so. During a pause nobody's time
// is over: it runs again when that ends.
func (w *worker) expire() {
	for w.hold.refused == nil {
		c, end := w.conns.expired()
		if c == nil {
			w.conns.schedule()
			return
		}
		w.lookAgain(c, w.conns.isLate, end)
	}
}

// lookAgain dismisses c, unless it turns out that it has something to read that
// makes the reason vanish: bytes may have come during a pause, or this moment. A
// goroutine looks by itself, before it ends.
func (w *worker) lookAgain(c *conn, reason func(*conn) bool, end string) (gone bool) {
	if w.mode == Goroutine {
		w.conns.doom(c, end)
		return true
	}
	o, peerEnd := c.serve(&w.scratch)
	if o == over {
		c.finish(peerEnd)
		return true
	}
	c.settle(o)
	if !c.listed {
		return true // it needed too much memory
	}
	if o == more {
		c.watch.Again()
	}
	if o == full || !reason(c) {
		return false
	}
	w.dismiss(c, end)
	return true
}

// dismiss ends a connection that is asleep. In a goroutine it ends soon.
func (w *worker) dismiss(c *conn, end string) {
	if w.mode == Goroutine {
		w.conns.doom(c, end)
		return
	}
	c.discard(causeOf(end))
	c.finish(end)
}

// atLimit is called when a connection is to be held that is one too many. It
// returns false if none gives way to it.
func (w *worker) atLimit() bool {
	w.r.warn("connections", fmt.Sprintf("there are %d connections, the most there may be: those that have been silent for the longest give way",
		w.r.most))
	return w.makeRoom()
}

// makeRoom dismisses the connection that has been silent for the longest, or makes
// another worker do that soon. It returns false if there is none.
func (w *worker) makeRoom() bool { return w.giveWay() || w.askOthers() }

func (w *worker) askOthers() bool {
	for _, other := range w.r.workers() {
		if other != w && other.conns.first(silent) != nil {
			return other.loop.Post(func() { other.giveWay() }) == nil
		}
	}
	return false
}

// giveWay dismisses the connection of this worker that has been silent for the
// longest.
func (w *worker) giveWay() bool {
	for {
		if w.mode == Loop && w.hold.refused != nil {
			return true // nothing can be read now: decide when the next one comes
		}
		c := w.conns.first(silent)
		if c == nil {
			return false
		}
		if w.lookAgain(c, isSilent, EndLimit) {
			return true
		}
	}
}

func isSilent(c *conn) bool { return c.clock.phase() == silent }

// charge keeps the memory for incomplete messages bounded. Those that have been
// incomplete for the longest are dismissed, which may be c.
func (w *worker) charge(c *conn) {
	for tooMuch := w.conns.charge(c); tooMuch; tooMuch = w.r.partial.Load() > int64(w.r.config.MaxPartial) {
		oldest := w.conns.first(within)
		if oldest == nil {
			return
		}
		w.r.warn("memory", fmt.Sprintf("incomplete messages need more than %d bytes: the oldest are given up", w.r.config.MaxPartial))
		w.dismiss(oldest, EndMemory)
	}
}

// descriptorFree tells the sockets that wait for a descriptor.
func (r *Receiver) descriptorFree() {
	for _, w := range r.workers() {
		if w.starved.CompareAndSwap(true, false) {
			w.loop.Post(w.retry)
		}
	}
}

func (w *worker) retry() {
	for _, source := range w.sources {
		source.woken()
	}
}
