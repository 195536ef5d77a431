package output

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/seed-067c1534/sigio/message"
)

// Writer writes messages to an io.Writer in the order in which they were appended.
//
// All methods may be called from any goroutine. Only Close blocks.
//
//	open ── error that does not pass ──> failed: all is Lost, CauseClosed
//	  │                                    │
//	Close                                Close
//	  v                                    v
//	closing ── all told, or ctx ended ──> ended: what comes is Lost, CauseShutdown
type Writer struct {
	w      io.Writer
	format func([]byte, *message.Message) []byte
	limit  int
	giveUp time.Duration
	direct bool // Options.Immediate
	drops  bool // Options.DropOldest
	chunk  int
	gather time.Duration
	passes func(error) bool

	wake  chan struct{} // one slot: given to a sleeping pump, once
	quit  chan struct{} // closed with abandoned: interrupts the wait before another try
	done  chan struct{} // closed with failed or ended
	ended chan struct{} // closed when the last outcome has been told
	timer *time.Timer   // the pump's own, as is stall
	stall stall

	// mu guards all that follows. It is never held during Write, a Receipt's method or a function
	// given to Room. back belongs to the pump, which changes it under mu all the same, because
	// Close may have to take it away during a Write that never returns.
	mu        sync.Mutex
	front     *batch
	back      *batch
	rooms     []func()
	wakeAt    int   // the use of the buffer at which Append wakes the pump, or never
	writing   bool  // the pump is inside Write
	closing   bool  // Close was called
	abandoned error // a Close's context has ended, this is why: do not write any more
	left      int   // messages lost because of that
	over      bool  // state ended; a pump that still is inside Write must touch nothing
	err       error // state failed
	stats     Stats
}

// NewWriter returns a Writer to w and starts its goroutine, which Close ends. Only that goroutine
// calls w.Write, and nothing closes w.
func NewWriter(w io.Writer, opts Options) *Writer {
	if opts.Format == nil {
		opts.Format = message.AppendText
	}
	if opts.Limit <= 0 {
		opts.Limit = DefaultLimit
	}
	if opts.Chunk <= 0 {
		opts.Chunk = DefaultChunk
	}
	if opts.Gather <= 0 {
		opts.Gather = DefaultGather
	}
	if opts.DropOldest {
		// What is being written cannot be dropped: it must leave room for what is newer.
		opts.Chunk = min(opts.Chunk, max(opts.Limit/2, 1))
	}
	o := &Writer{
		w:      w,
		format: opts.Format,
		limit:  opts.Limit,
		giveUp: opts.GiveUp,
		direct: opts.Immediate,
		drops:  opts.DropOldest,
		chunk:  opts.Chunk,
		gather: opts.Gather,
		passes: passes,
		timer:  time.NewTimer(forever),
		wakeAt: never,
		wake:   make(chan struct{}, 1),
		quit:   make(chan struct{}),
		done:   make(chan struct{}),
		ended:  make(chan struct{}),
		front:  new(batch),
		back:   new(batch),
	}
	if opts.Persist {
		o.passes = func(error) bool { return true }
	}
	o.timer.Stop()
	go o.pump()
	return o
}

// Append encodes m into the buffer and returns true. Its outcome will be told to r, unless that is
// nil. Nothing of m is kept: its memory may be used again at once.
//
// Append returns false, and has not looked at m, when the buffer is full. Room then tells when it
// is worth while to try again. With Options.DropOldest it makes room instead, and always returns
// true. Append never waits for the output.
//
// A Writer that has failed or is closed goes on accepting messages and tells that they are lost, so
// that a source need not know.
func (o *Writer) Append(m *message.Message, r Receipt) bool { return o.append(m, r, false) }

// append is Append, or accepts m although the buffer may be full.
func (o *Writer) append(m *message.Message, r Receipt, always bool) bool {
	o.mu.Lock()
	if o.drops {
		o.makeRoom()
		always = true
	}
	if o.over {
		cause := o.cause()
		o.stats.lose(1, cause)
		o.mu.Unlock()
		if r != nil {
			r.Lost(1, cause)
		}
		return true
	}
	defer o.mu.Unlock() // also if format panics
	if !always && o.used() >= o.limit {
		return false
	}
	before := len(o.front.data)
	o.front.data = o.format(o.front.data, m)
	o.stats.PendingBytes += len(o.front.data) - before
	o.front.add(r)
	o.stats.Pending++
	if o.used() >= o.wakeAt {
		o.rouse()
	}
	return true
}

// makeRoom drops the oldest messages until the buffer is not full. mu is held, and released for
// each receipt.
func (o *Writer) makeRoom() {
	for o.used() >= o.limit && o.front.unsettled() > 0 && !o.over {
		size, r := o.front.drop()
		o.stats.Pending--
		o.stats.PendingBytes -= size
		o.stats.lose(1, CauseDropped)
		if r != nil {
			o.mu.Unlock()
			r.Lost(1, CauseDropped)
			o.mu.Lock()
		}
	}
}

// full says whether Append would refuse a message.
func (o *Writer) full() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.drops && !o.over && o.used() >= o.limit
}

// Room calls f once, as soon as at most half of the limit is in use or the Writer has ended: soon,
// if that is so already. f is called where a Receipt would be, and the same rules hold for it.
func (o *Writer) Room(f func()) {
	o.mu.Lock()
	if o.over {
		o.mu.Unlock()
		f()
		return
	}
	o.rooms = append(o.rooms, f)
	o.rouse()
	o.mu.Unlock()
}

// rouse wakes the pump if it sleeps. mu is held.
func (o *Writer) rouse() {
	if o.wakeAt == never {
		return
	}
	o.wakeAt = never
	select {
	case o.wake <- struct{}{}:
	default: // the last sleep ended by itself at the same moment, and left this one's token
	}
}

// Done is closed when nothing will be written any more: writing has failed for good, or Close is
// over. Err tells these apart.
func (o *Writer) Done() <-chan struct{} { return o.done }

// Err returns nil, or the error that made writing fail for good. errors.Is finds the cause in it,
// for example syscall.EPIPE.
func (o *Writer) Err() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// grace is what a Write that is under way when Close's context ends may still take, so that the
// outcome of its messages is known unless the output is really blocked.
const grace = 20 * time.Millisecond

// Close writes what is pending, also what is appended meanwhile, and ends the Writer. When ctx ends
// first, what is left is Lost with CauseShutdown. That includes what a Write that is blocked at
// that time was given: how much of it will come through cannot be known. The Writer's goroutine
// stays in that Write until it returns.
//
// Close returns nil if everything was written, Err's error if writing has failed, or an error that
// wraps ctx.Err() and says how many messages were left. It may be called more than once, and every
// call waits for the end.
func (o *Writer) Close(ctx context.Context) error {
	o.mu.Lock()
	o.closing = true
	o.rouse()
	o.mu.Unlock()

	select {
	case <-o.ended:
	case <-ctx.Done():
		o.abandon(ctx.Err())
	}

	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil && o.left > 0 {
		return fmt.Errorf("sigio: output: %d messages were not written: %w", o.left, o.abandoned)
	}
	return o.err
}

// abandon makes the Writer end now.
func (o *Writer) abandon(why error) {
	o.mu.Lock()
	if o.abandoned == nil {
		o.abandoned = why
		close(o.quit)
	}
	o.mu.Unlock()

	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-o.ended:
		return
	case <-timer.C:
	}

	o.mu.Lock()
	if o.writing && !o.over {
		o.finish()
	} else {
		o.mu.Unlock() // the pump sees abandoned before it writes again
	}
	<-o.ended
}
