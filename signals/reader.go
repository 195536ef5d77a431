package signals

import (
	"context"
	"fmt"
	"iter"
	"net"
	"os"
	"sync"

	"github.com/seed-067c1534/sigio/siginfo"
)

// Options of a Reader. The zero value is in order.
type Options struct {
	// Queue is how many signals may wait for Next; 0 is 65,536. A waiting signal
	// takes 128 bytes, allocated when it is needed.
	Queue int
}

// A Reader queues signals, none merged, until they are read. Its methods may be
// called from any goroutine. It must be closed.
type Reader struct {
	signos []int
	limit  int
	more   chan struct{} // one deep: there may be something for Next
	closed chan struct{}
	close  func()

	mu        sync.Mutex
	backlog   backlog
	unlooked  uint64 // lost, and not yet told by Next
	lost      uint64
	exhausted bool // closed: nothing comes any more
}

// LostError is what Next returns once for signals that had to be dropped: the
// Reader's queue was full, or they came faster than they could be taken. They were
// sent before this call, and after what was read when the queue was last empty.
// Go on reading afterwards.
type LostError struct{ Count uint64 }

// Error tells the number.
func (e *LostError) Error() string { return fmt.Sprintf("signals: %d signals were lost", e.Count) }

// NewReader receives the named signals, from now on. As with [Notify], the action
// that they had is off until Close. The errors are those of Notify.
func NewReader(o Options, sig ...os.Signal) (*Reader, error) {
	signos, err := numbers(sig)
	if err != nil {
		return nil, err
	}
	if o.Queue == 0 {
		o.Queue = 1 << 16
	}
	if o.Queue < 0 {
		return nil, fmt.Errorf("signals: Options.Queue is %d", o.Queue)
	}
	r := &Reader{signos: signos, limit: o.Queue, more: make(chan struct{}, 1), closed: make(chan struct{})}
	r.close = sync.OnceFunc(r.end)
	if err := process.add(r, signos); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Reader) deliver(record *siginfo.Record) {
	r.mu.Lock()
	if r.backlog.len < r.limit {
		r.backlog.push(record)
	} else {
		r.lost++
		r.unlooked++
	}
	r.mu.Unlock()
	r.kick()
}

func (r *Reader) lose(n uint64) {
	r.mu.Lock()
	r.lost += n
	r.unlooked += n
	r.mu.Unlock()
	r.kick()
}

func (r *Reader) kick() {
	select {
	case r.more <- struct{}{}:
	default:
	}
}

// Next returns the next signal. It waits until there is one, until ctx is done
// (with context.Cause of it), or until Close: then it returns what is left in the
// queue, and net.ErrClosed when there is nothing. A [*LostError] says that signals
// were dropped; the Reader goes on.
func (r *Reader) Next(ctx context.Context) (siginfo.Info, error) {
	for {
		if info, ok, err := r.take(); ok {
			return info, err
		}
		select {
		case <-r.more:
		case <-r.closed:
		case <-ctx.Done():
			return siginfo.Info{}, context.Cause(ctx)
		}
	}
}

func (r *Reader) take() (info siginfo.Info, ok bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := r.unlooked; n > 0 {
		r.unlooked = 0
		r.kick() // another Next may wait for what is queued
		return info, true, &LostError{n}
	}
	if r.backlog.len > 0 {
		if r.backlog.pop(&info); r.backlog.len > 0 {
			r.kick()
		}
		return info, true, nil
	}
	if r.exhausted {
		return info, true, fmt.Errorf("signals: the reader is closed: %w", net.ErrClosed)
	}
	return info, false, nil
}

// All returns the signals one by one, as Next does. The sequence ends when ctx is
// done or the Reader is closed and empty. Between them come, with an error, the
// reports of lost signals (*LostError).
func (r *Reader) All(ctx context.Context) iter.Seq2[siginfo.Info, error] {
	return func(yield func(siginfo.Info, error) bool) {
		for {
			info, err := r.Next(ctx)
			if _, lost := err.(*LostError); err != nil && !lost {
				return
			}
			if !yield(info, err) {
				return
			}
		}
	}
}

// Lost returns how many signals were dropped since NewReader, told by Next or not.
func (r *Reader) Lost() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lost
}

// Close ends the Reader. Signals that were taken before it are still in the queue.
// A signal that nobody else receives has its former action again, and with the
// last one the goroutine that served all ends. A second Close waits for the first.
// The error is always nil.
func (r *Reader) Close() error {
	r.close()
	return nil
}

func (r *Reader) end() {
	process.remove(r, r.signos)
	r.mu.Lock()
	r.exhausted = true
	r.mu.Unlock()
	close(r.closed)
}
