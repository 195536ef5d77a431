package sigio

// Post runs f on the loop's thread: in the current turn when it is called from a
// handler, soon after when it is called from elsewhere. Functions run in the order
// in which they were posted. Post does not wait. What it accepted is run, also when
// the loop is closed meanwhile; only a panic prevents that. After Close was called,
// or the end of the loop, it returns an error that is net.ErrClosed.
func (l *Loop) Post(f func()) error {
	l.mu.Lock()
	if l.stopping || l.ended {
		l.mu.Unlock()
		return errLoopClosed
	}
	l.posted = append(l.posted, f)
	l.mu.Unlock()
	l.wakeIfAsleep()
	return nil
}

// Do runs f on the loop's thread and returns when it has returned; called on that
// thread it just calls f. If the loop ends before f could run, because of a panic,
// or is closed already, the error is net.ErrClosed. Do must not be called while
// holding something that a handler waits for.
func (l *Loop) Do(f func()) error {
	if l.OnLoop() {
		f()
		return nil
	}
	ran := make(chan struct{})
	if err := l.Post(func() { defer close(ran); f() }); err != nil {
		return err
	}
	select {
	case <-ran:
		return nil
	case <-l.done:
	}
	select {
	case <-ran: // both: it was among the last that were run
		return nil
	default:
		return errLoopClosed
	}
}

// Go runs f on a goroutine of its own, away from the loop's thread: the way for a
// handler to do what blocks, or to start a process, which must not inherit the
// thread's blocked signals. Close waits for f. After the end f is not run and the
// error is net.ErrClosed.
func (l *Loop) Go(f func()) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return errLoopClosed
	}
	l.work.Go(f)
	return nil
}

// runPosted runs what was posted before it began. It returns false when the loop
// is closed and nothing is left.
func (l *Loop) runPosted() bool {
	l.mu.Lock()
	if l.ran == len(l.running) { // else the thread died in the middle of them
		l.running, l.posted, l.ran = l.posted, l.running[:0], 0
	}
	if len(l.running) == 0 && l.stopping {
		l.ended = true
		l.mu.Unlock()
		return false
	}
	l.mu.Unlock()
	l.doing = "a function given to Post"
	for l.ran < len(l.running) {
		f := l.running[l.ran]
		l.running[l.ran] = nil
		l.ran++
		f()
	}
	l.doing = ""
	return true
}
