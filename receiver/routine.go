package receiver

import (
	"context"
	"runtime"
)

// initLending makes the memory that goroutines borrow while they read. There is
// little of it, on purpose: an output that is full holds up those that have some,
// and they hold up the others, so that 10,000 connections do not read 10,000
// times 64 KiB that nobody takes.
func (w *worker) initLending() {
	n := max(2, runtime.GOMAXPROCS(0))
	w.lend = make(chan *scratch, n)
	for range n {
		s := new(scratch)
		s.init()
		w.lend <- s
	}
}

// borrow returns nil when the worker is forced to end.
func (w *worker) borrow() *scratch {
	select {
	case s := <-w.lend:
		return s
	case <-w.forced:
		return nil
	}
}

// insist gives the message in s, which was taken, to the output, and waits until there is room. It
// rejects the message when the worker is forced to end. It returns whether it had
// to wait.
func (w *worker) insist(s *scratch, r Receipt) (waited bool) {
	for !w.r.config.Output.Append(&s.msg, r) {
		waited = true
		room := make(chan struct{})
		w.r.config.Output.Room(func() { close(room) })
		select {
		case <-room:
		case <-w.forced:
			r.Lost(1, CauseShutdown)
			return waited
		}
	}
	return waited
}

// launch starts the goroutine of a connection that was just accepted.
func (c *conn) launch() {
	c.awake = true
	c.l.w.conns.place(c)
	if err := c.l.w.loop.Go(c.run); err != nil {
		c.finish(EndShutdown)
	}
}

// run is the connection's goroutine.
func (c *conn) run() {
	w := c.l.w
	if c.l.manner.keys != nil {
		if end := c.secure(); end != "" {
			c.finish(end)
			return
		}
	}
	for {
		s := w.borrow()
		if s == nil {
			c.leave(EndShutdown)
			return
		}
		o, end := c.serve(s)
		w.lend <- s
		if o == over {
			c.finish(end)
			return
		}
		if o == waiting {
			if end := c.sleep(false); end != "" {
				c.leave(end)
				return
			}
		}
	}
}

// sleep waits for a signal, that there is something to read or room to write. It
// returns why the connection was dismissed, or "".
func (c *conn) sleep(write bool) (end string) {
	w := c.l.w
	if c.watch == nil {
		if w.r.tooMany() && !w.atLimit() {
			return EndLimit
		}
		watch, err := w.loop.Watch(int(c.fd), nil)
		if err != nil {
			return EndError
		}
		c.watch = watch
	}
	if end := w.conns.asleep(c); end != "" {
		return end
	}
	w.charge(c)
	// If the draining began before this goroutine counted as asleep, nobody will
	// wake it.
	switch {
	case c.mayEnd():
	case write:
		c.watch.WaitWrite(context.Background()) // ended by the Watch's end
	default:
		c.watch.WaitRead(context.Background())
	}
	return w.conns.wake(c)
}

// leave ends a connection that was dismissed. What has come meanwhile is read,
// unless there is no memory or no time for it.
func (c *conn) leave(end string) {
	if end != EndMemory && end != EndShutdown {
		if s := c.l.w.borrow(); s != nil {
			if o, peerEnd := c.serve(s); o == over {
				end = peerEnd
			}
			c.l.w.lend <- s
		}
	}
	c.discard(causeOf(end))
	c.finish(end)
}

// asleep says that c's goroutine waits from now on, so that c can expire and be
// dismissed. It returns why c must not wait, or "".
func (s *connections) asleep(c *conn) (end string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.w.forced:
		return EndShutdown
	default:
	}
	c.awake = false
	s.insert(c)
	return ""
}

// wake says that c's goroutine works. It returns why c was dismissed, or "".
func (s *connections) wake(c *conn) (end string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.awake = true
	return c.end.String()
}

// doom dismisses a sleeping connection: its goroutine finds out when the end of
// the Watch wakes it.
func (s *connections) doom(c *conn, end string) {
	s.mu.Lock()
	if c.awake || c.end != goesOn {
		s.mu.Unlock()
		return
	}
	c.end = endingOf(end)
	s.w.r.partial.Add(-int64(c.charged))
	c.charged = 0
	s.mu.Unlock()
	c.watch.Close()
}
