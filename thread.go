package sigio

import (
	"runtime"

	"github.com/seed-067c1534/sigio/internal/sys"
)

// thread runs the loop on the thread that it is called on, or on another one if
// that is the main thread: the Go runtime never ends the main thread, so it would
// keep the blocked signals for ever (runtime/proc.go, mexit).
//
// The goroutine never unlocks its thread: the thread, with its mask and whatever
// is still queued for it, ends with the goroutine.
func (l *Loop) thread(started chan<- error) {
	runtime.LockOSThread()
	if sys.OnMainThread() {
		elsewhere := make(chan error)
		go l.thread(elsewhere) // cannot land here: this goroutine holds the main thread
		started <- <-elsewhere
		runtime.UnlockOSThread()
		return
	}
	l.tid.Store(int64(sys.ThreadID()))
	if err := l.kernel.Attach(); err != nil {
		started <- err
		return
	}
	started <- nil
	l.live()
}

// live turns until the loop is closed, and decides what follows an unusual end of
// the goroutine.
func (l *Loop) live() {
	returned := false
	defer func() {
		if returned {
			return
		}
		if v := recover(); v != nil {
			l.end(newPanicError(l.where(), v))
			return
		}
		l.replaceThread() // runtime.Goexit
	}()
	err := l.run()
	returned = true
	l.end(err)
}

// replaceThread goes on with a new thread after the old one's goroutine was ended
// by runtime.Goexit in a handler or a function. Nothing else would tell: the
// kernel drops the signals for a thread that is gone.
func (l *Loop) replaceThread() {
	l.count.Restarts++
	l.orphaned = true
	started := make(chan error)
	go l.thread(started)
	if err := <-started; err != nil {
		l.end(err)
	}
}

// adopt gives the watches of a dead thread to this one. What the old thread had
// taken from its queue may be half done, and what was still queued is gone, so
// every handler is called.
func (l *Loop) adopt() {
	l.serving, l.doing = nil, ""
	l.forgetReady()
	l.hot.forget()
	for _, w := range l.watches {
		if w == nil {
			continue
		}
		w.arm() // a failure shows when the handler uses the descriptor
		w.queued = false
		l.mark(w, 0)
	}
}

// forgetReady empties the ready lists. A closed watch's signals become stale, an
// open one keeps them for its next call.
func (l *Loop) forgetReady() {
	for _, w := range append(l.calling, l.ready...) {
		if w != nil && w.closed {
			l.count.Stale += uint64(w.signals)
		}
	}
	l.calling, l.ready = l.calling[:0], l.ready[:0]
}
