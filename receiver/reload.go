package receiver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
)

// Changes are what Listen changed, as URLs of Config.Listen.
type Changes struct{ Opened, Closed, Kept []string }

// Listen makes a Receiver that has started listen on urls instead of what it listens
// on, with Config.Listen's meaning. An address stays as it is, with its sockets and
// connections, if its URL is among urls in the same words. The sockets of new ones are
// open when Listen returns. Those of the others are drained, as by Shutdown, and so are
// their connections; that goes on after the return. Their account stays in Stats.
//
// Either everything is done or, with an error, nothing. What goes is closed after what
// comes is open, so that an address cannot change hands: with new words for one that is
// in use, the error is syscall.EADDRINUSE. Others are those of New and Start, and
// net.ErrClosed after Shutdown.
func (r *Receiver) Listen(urls []string) (Changes, error) {
	r.listening.Lock()
	defer r.listening.Unlock()
	var change Changes
	if len(urls) == 0 {
		urls = DefaultListen()
	}
	if err := r.running(); err != nil {
		return change, err
	}
	fresh, err := r.compare(urls, &change)
	if err != nil {
		return Changes{Kept: r.configured()}, err
	}
	if err := r.enlist(fresh); err != nil {
		return Changes{Kept: r.configured()}, err
	}
	all, err := r.openEach(fresh) // without mu: it may wait for a resolver
	for try := 0; try < drainTurns && errors.Is(err, syscall.EADDRINUSE) && r.takeTurn(); try++ {
		all, err = r.openEach(fresh)
	}
	if err == nil {
		if err = r.setBuffers(all); err != nil {
			closeAll(all)
		}
	}
	if err == nil {
		err = r.adopt(all, change.Closed)
	}
	if err != nil {
		return Changes{Kept: r.configured()}, err
	}
	r.warnOfBuffers()
	return change, nil
}

// drainTurns is how many turns of its loop a socket with nothing to read needs to be closed
// after its address has been given up: the work that begins it, and a last look.
const drainTurns = 3

// takeTurn waits until each loop has taken a turn, if there are addresses that have been given
// up: their loops close them, and may not have come to that yet.
func (r *Receiver) takeTurn() bool {
	r.mu.Lock()
	some := slices.ContainsFunc(r.bound, func(b bound) bool { return b.gone })
	r.mu.Unlock()
	for _, w := range r.workers() {
		some = some && w.loop.Do(func() {}) == nil
	}
	return some
}

var errNotRunning = fmt.Errorf("sigio: the receiver does not run: %w", net.ErrClosed)

func (r *Receiver) running() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.started || r.stopping {
		return errNotRunning
	}
	return nil
}

// compare divides urls, and what is listened on, into what is new, stays and goes.
func (r *Receiver) compare(urls []string, change *Changes) (fresh []endpoint, err error) {
	named, err := parseEndpoints(urls)
	if err != nil {
		return nil, err
	}
	left := r.configured()
	for _, e := range named {
		url := e.url
		if i := slices.Index(left, url); i >= 0 {
			left = slices.Delete(left, i, i+1)
			change.Kept = append(change.Kept, url)
			continue
		}
		if slices.Contains(change.Kept, url) { // only of port 0, and it is not known which is meant
			return nil, fmt.Errorf("sigio: cannot listen on %q twice", url)
		}
		change.Opened = append(change.Opened, url)
		fresh = append(fresh, e)
	}
	change.Closed = left
	return fresh, nil
}

// configured returns the URLs that are listened on.
func (r *Receiver) configured() (urls []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.bound {
		if b := &r.bound[i]; !b.gone && !slices.Contains(urls, b.configured) {
			urls = append(urls, b.configured)
		}
	}
	return urls
}

// adopt begins to read all, and to drain what belongs to the URLs that are gone.
func (r *Receiver) adopt(all []bound, gone []string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.started || r.stopping { // by now
		closeAll(all)
		return errNotRunning
	}
	first := len(r.bound)
	r.bound = append(r.bound, all...)
	if err := r.begun(first); err != nil {
		r.retract(first)
		return err
	}
	for i := range r.bound[:first] {
		b := &r.bound[i]
		if b.gone || !slices.Contains(gone, b.configured) {
			continue
		}
		b.gone = true
		b.file.remove() // at once: the next reload may want the path again
		for _, w := range r.workers() {
			s := w.sources[i]
			w.loop.Post(func() { w.retire(s) }) // an error means that everything ends
		}
	}
	return nil
}

// begun starts the sources for r.bound[first:], on every loop. Their handlers are the
// loops' own, and so is worker.sources, which others read with mu held, as it is here.
func (r *Receiver) begun(first int) (err error) {
	if first == len(r.bound) {
		return nil // without waiting for loops that may be busy
	}
	for i, w := range r.workers() {
		gone := w.loop.Do(func() {
			for j := first; j < len(r.bound); j++ {
				s := w.newSource(&r.bound[j], i)
				w.sources = append(w.sources, s)
				r.sources.Add(1)
				if err == nil {
					err = s.start()
				}
			}
		})
		if err = errors.Join(err, gone); err != nil {
			return err
		}
	}
	return nil
}

// retract undoes begun, as far as that came.
func (r *Receiver) retract(first int) {
	for i, w := range r.workers() {
		undo := func() {
			for _, s := range w.sources[min(first, len(w.sources)):] {
				s.close()
			}
			w.sources = w.sources[:min(first, len(w.sources))]
		}
		had := len(w.sources) > first
		if w.loop.Do(undo) != nil {
			undo() // the loop has ended: nobody else runs
		}
		if !had {
			for j := first; j < len(r.bound); j++ {
				closeAll([]bound{{fds: r.bound[j].fds[i : i+1]}})
			}
		}
	}
	r.bound = r.bound[:first]
}

// retire drains a socket and its connections while the others go on.
func (w *worker) retire(s source) {
	switch s := s.(type) {
	case *datagrams:
		s.leaving = true
	case *listener:
		s.leaving.Store(true)
		for _, c := range w.conns.sleeping() {
			if c.l == s {
				c.watch.Again()
			}
		}
		if grace := w.r.config.Grace; grace > 0 {
			w.loop.AfterFunc(grace, func() { w.endGrace(s) })
		}
	}
	s.drain()
}

// endGrace makes the connections of l end, or all of them, that have been waited for.
func (w *worker) endGrace(l *listener) {
	if l != nil {
		l.graced.Store(true)
	} else {
		w.graced.Store(true)
	}
	for _, c := range w.conns.sleeping() {
		if l == nil || c.l == l {
			c.watch.Again()
		}
	}
}

// mayEnd says whether c, from which there is nothing to read, need not be waited for.
// While its socket is drained that is so between messages at once, and otherwise after
// Config.Grace.
func (c *conn) mayEnd() bool {
	switch {
	case !c.l.draining():
		return false
	case c.l.w.r.config.Grace <= 0 || c.l.graced.Load() || c.l.w.graced.Load():
		return true
	}
	return len(c.kept) == 0 && c.clock.phase() != silent
}

// merge adds l to list, which has one entry for an address, however often that was
// given up and taken again.
func merge(list []ListenerStats, l ListenerStats) []ListenerStats {
	for i := range list {
		old := &list[i]
		if old.Address != l.Address {
			continue
		}
		old.Gone = old.Gone && l.Gone
		old.ReceiveBuffer = l.ReceiveBuffer
		old.Counts.add(&l.Counts)
		old.Signals.Received += l.Signals.Received
		old.Signals.Merged += l.Signals.Merged
		return list
	}
	return append(list, l)
}

// Alive returns nil when every loop has done a piece of work that is given to it now,
// and ctx's error if one of them does not in time: it hangs, in an output or in what
// Config has to be called. Once a loop has ended it returns net.ErrClosed.
func (r *Receiver) Alive(ctx context.Context) error {
	workers := r.workers()
	if len(workers) == 0 {
		return errNotRunning
	}
	answers := make(chan struct{}, len(workers))
	for _, w := range workers {
		if err := w.loop.Post(func() { answers <- struct{}{} }); err != nil {
			return err
		}
	}
	for range workers {
		select {
		case <-answers:
		case <-ctx.Done():
			return fmt.Errorf("sigio: a loop does not answer: %w", context.Cause(ctx))
		}
	}
	return nil
}
