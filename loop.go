package sigio

import (
	"fmt"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// Loop is an event loop that runs on signals: one thread, one queue. Its methods
// may be called from any goroutine, its own handlers included.
//
// One turn of a loop is: take a batch of signals; look at the descriptors whose
// signals are off because they are hot; look at everything if some were lost; call the handlers of the descriptors that are ready, each once; run what
// was posted; run the timers that are due; sleep if nothing is left to do.
type Loop struct {
	kernel  kernel
	options Options
	tid     atomic.Int64
	asleep  atomic.Bool // whether work from elsewhere must wake the loop

	turnState // the loop's thread only

	mu       sync.Mutex // guards the following, for moments only
	posted   []func()
	timers   timerHeap
	stopping bool // Close was called
	ended    bool // nothing more is accepted
	stats    Stats
	err      error

	work sync.WaitGroup // functions given to Go
	done chan struct{}
}

// turnState belongs to the loop's thread.
type turnState struct {
	records  []siginfo.Record
	watches  []*Watch     // by descriptor number
	ready    []*Watch     // to be called in the next dispatch, each once
	calling  []*Watch     // the dispatch that goes on
	pollfds  []sys.PollFd // for look
	turns    uint8        // their number, with a gap for each sleep; it wraps around
	running  []func()     // the posted functions that are being run
	ran      int          // how many of them have been
	serving  *Watch       // whose handler runs, for a PanicError
	doing    string       // what else runs
	orphaned bool         // the watches' thread has died
	woke     bool         // a Waiter has woken goroutines since the last sleep
	count    Stats

	hot    hot
	lost   loss
	write  writeLook
	verify verification
}

// NewLoop starts a loop on a thread of its own, which is never the process's
// main thread. The caller ends it with Close.
//
// On systems without signal-driven I/O the error is errors.ErrUnsupported.
func NewLoop(o Options) (*Loop, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	k, err := newKernel(o)
	if err != nil {
		return nil, err
	}
	return startLoop(k, o)
}

func startLoop(k kernel, o Options) (*Loop, error) {
	l := &Loop{kernel: k, options: o, done: make(chan struct{})}
	l.records = make([]siginfo.Record, o.Batch)
	l.hot.loop = l
	l.lost.init(l)
	l.write.init(l)
	l.verify.init(l)
	started := make(chan error)
	go l.thread(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("sigio: start a loop: %w", err)
	}
	return l, nil
}

func (l *Loop) run() error {
	if l.orphaned {
		l.orphaned = false
		l.adopt()
	}
	for {
		more, err := l.turn()
		if err != nil || !more {
			return err
		}
	}
}

// turn is one turn of the loop. It returns false when the loop is closed and
// everything that was accepted before has been done.
func (l *Loop) turn() (bool, error) {
	n, err := l.kernel.Take(l.records)
	if err != nil {
		return false, err
	}
	l.turns++
	l.sort(l.records[:n])
	l.hot.look()
	l.lost.recover()
	l.dispatch()
	l.publish()
	if !l.runPosted() {
		return false, nil
	}
	l.runTimers()
	if n == len(l.records) || len(l.ready) > 0 || len(l.hot.entries) > 0 && l.options.Coalesce == 0 {
		return true, nil
	}
	return true, l.sleep()
}

// sort puts the watches that the records are about on the ready list.
func (l *Loop) sort(records []siginfo.Record) {
	for i := range records {
		r := &records[i]
		if l.options.Observe != nil {
			l.doing = "Options.Observe"
			l.options.Observe(r)
			l.doing = ""
		}
		l.count.Received++
		switch code := r.Code(); {
		case r.Signo() != l.options.Signal: // SIGIO, the only other one
			l.lost.mark(r)
		case code >= siginfo.PollIn && code <= siginfo.PollHup:
			if w := l.lookup(r.FD()); w != nil {
				w.signals++
				l.mark(w, r.Band())
			} else {
				l.count.Stale++
			}
		case l.kernel.OwnWake(r):
			l.count.Wakeups++
		default:
			l.count.Foreign++
		}
	}
}

// lookup returns the watch of a descriptor number that a signal named, which may
// be any number at all.
func (l *Loop) lookup(fd int) *Watch {
	if fd < 0 || fd >= len(l.watches) {
		return nil
	}
	return l.watches[fd]
}

// mark puts w on the ready list, once.
func (l *Loop) mark(w *Watch, band siginfo.Band) {
	w.band |= band
	if !w.queued {
		w.queued = true
		l.ready = append(l.ready, w)
	}
}

// dispatch calls the handlers of what was ready when it began. What becomes ready
// meanwhile waits for the next turn, so that nobody has to wait for long.
func (l *Loop) dispatch() {
	l.calling, l.ready = l.ready, l.calling[:0]
	for i, w := range l.calling {
		ev := Event{Band: w.band, Signals: int(w.signals), hot: w.hot != 0}
		w.band, w.signals, w.queued = 0, 0, false
		if w.closed {
			l.count.Stale += uint64(ev.Signals)
			continue
		}
		if ev.Signals > 0 {
			l.count.Delivered++
			l.count.Merged += uint64(ev.Signals - 1)
		}
		l.call(w, ev)
		l.calling[i] = nil // what is left here was not called: see replaceThread
	}
	l.calling = l.calling[:0]
}

func (l *Loop) call(w *Watch, ev Event) {
	if ev.Band&(siginfo.Out|siginfo.Err|siginfo.Hup) != 0 {
		w.looked = ev.Signals == 0
		if w.writing {
			w.writing = false
			l.hot.update(w)
		}
	}
	l.count.Calls++
	l.serving = w
	result := w.handler.Ready(w, ev)
	l.serving = nil
	if w.closed {
		return
	}
	if result == More {
		l.mark(w, 0)
	}
	if ev.Signals > 0 && w.hot == 0 {
		l.hot.seen(w, ev.Signals)
	}
}

// publish makes the counts visible to Stats. Between a signal's receipt and its
// publication it has found its place among the counts, so the sum is exact.
func (l *Loop) publish() {
	l.mu.Lock()
	l.stats = l.count
	l.mu.Unlock()
}

// sleep waits for a signal, for the next timer, or for Wake.
func (l *Loop) sleep() error {
	if l.woke {
		// Goroutines that a Waiter has woken wait in this thread's queue of the Go
		// scheduler, which would notice only some time after the thread has gone to
		// sleep. Let them run first; meanwhile more signals come, for one batch.
		l.woke = false
		runtime.Gosched()
		return nil
	}
	if l.options.Spin > 0 {
		if found, err := l.spin(); found || err != nil {
			return err
		}
	}
	// First say that the loop is asleep, then look for work: whoever adds work
	// does it the other way round, so one of the two sees the other.
	l.publish()
	l.asleep.Store(true)
	d, idle := l.untilNext()
	if !idle {
		l.asleep.Store(false)
		return nil
	}
	got, err := l.rest(d)
	l.asleep.Store(false)
	if got {
		l.sort(l.records[:1])
	}
	return err
}

// shortSleep is about what it takes until a sleeping thread runs again on a virtual
// machine. Descriptors that end a shorter sleep still count as ready again and
// again, and once they are hot the loop looks at them instead of sleeping.
const shortSleep = 60 * time.Microsecond

// rest sleeps for d, but not longer than Options.Coalesce while descriptors are
// hot, since they cannot wake the loop.
func (l *Loop) rest(d time.Duration) (got bool, err error) {
	if len(l.hot.entries) > 0 {
		if d < 0 || d > l.options.Coalesce {
			d = l.options.Coalesce
		}
		return l.kernel.Sleep(d, &l.records[0])
	}
	start := time.Now()
	got, err = l.kernel.Sleep(d, &l.records[0])
	if time.Since(start) > max(shortSleep, l.options.Coalesce) {
		l.turns += heatGap
	}
	return got, err
}

// spin looks at the queue for a while without sleeping.
func (l *Loop) spin() (found bool, err error) {
	for end := time.Now().Add(l.options.Spin); time.Now().Before(end); {
		n, err := l.kernel.Take(l.records)
		if n > 0 || err != nil {
			l.sort(l.records[:n])
			return true, err
		}
		if d, idle := l.untilNext(); !idle || d == 0 {
			return true, nil
		}
	}
	return false, nil
}

// untilNext returns how long there is nothing to do: until the first timer, or
// for ever (negative). Idle is false if there is something to do at once.
func (l *Loop) untilNext() (d time.Duration, idle bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.posted) > 0 || l.stopping {
		return 0, false
	}
	if len(l.timers) == 0 {
		return -1, true
	}
	return max(0, time.Until(l.timers[0].when)), true
}

// wakeIfAsleep is called after work was added.
func (l *Loop) wakeIfAsleep() {
	if l.asleep.CompareAndSwap(true, false) {
		l.kernel.Wake()
	}
}

// end leaves nothing behind: no armed descriptor, no waiter, no thread.
func (l *Loop) end(err error) {
	for _, w := range l.watches {
		if w != nil {
			w.close()
		}
	}
	l.forgetReady()
	l.kernel.Detach()
	l.publish()
	l.mu.Lock()
	l.ended = true
	l.posted, l.timers = nil, nil
	l.err = err
	l.mu.Unlock()
	l.tid.Store(0) // the number may be another thread's soon
	close(l.done)
}

// OnLoop says whether the caller runs on the loop's thread.
func (l *Loop) OnLoop() bool { return int64(sys.ThreadID()) == l.tid.Load() }

// Stats returns the account as of the end of the last dispatch.
func (l *Loop) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stats
}

// Done returns a channel that is closed when the loop has ended.
func (l *Loop) Done() <-chan struct{} { return l.done }

// Err returns why the loop ended by itself: a *PanicError, or the error of a
// system call. It is nil while the loop runs and after Close.
func (l *Loop) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Close ends the loop: what was posted before is still run, every descriptor is
// disarmed (none is closed), every waiter gets net.ErrClosed. It returns when the
// thread has given everything back and the functions given to Go have returned,
// with what Err returns. Called on the loop's own thread it only asks for the end,
// which comes after the current turn. A second Close waits and returns the same.
// A function given to Go must not call it, since it would wait for itself.
func (l *Loop) Close() error {
	l.mu.Lock()
	l.stopping = true
	l.mu.Unlock()
	l.wakeIfAsleep()
	if l.OnLoop() {
		return nil
	}
	<-l.done
	l.work.Wait()
	return l.Err()
}

// errLoopClosed is what the methods of an ended loop return.
var errLoopClosed = fmt.Errorf("sigio: the loop is closed: %w", net.ErrClosed)
