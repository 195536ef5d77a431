package output

import (
	"fmt"
	"io"
	"math"
	"time"
)

// DefaultChunk is what one Write takes at most, unless a single message is larger. It is what a pipe
// holds by default (pipe(7)). Larger writes are hardly cheaper, and they would tell outcomes later
// and leave more unknown when a blocked output is given up.
const DefaultChunk = 64 << 10

// DefaultGather is the least time from the end of a batch to the start of the next, unless a chunk
// is waiting. A message after a quiet time goes out at once, and a steady stream wakes the pump a
// thousand times a second rather than for each group of messages. At 100,000 messages/s in groups
// of 20 that saved 0.8 of 2.3 us of CPU time a message (to a file and to a pipe, Linux 6.18, two
// cores); 5 ms would have saved 0.2 us more.
const DefaultGather = time.Millisecond

const (
	never   = math.MaxInt                  // a wakeAt that no use of the buffer reaches
	forever = time.Duration(math.MaxInt64) // a sleep without a timer
)

// pump is the Writer's goroutine.
func (o *Writer) pump() {
	var next time.Time // when the next batch may start
	o.mu.Lock()
	for {
		switch rooms := o.roomy(); {
		case rooms != nil:
			o.mu.Unlock()
			call(rooms)
			o.mu.Lock()
		case o.front.unsettled() > 0:
			if !o.direct && !o.closing {
				o.sleep(min(o.chunk, o.limit), time.Until(next))
			}
			o.back.reset(2 * o.limit)
			if o.drops {
				o.front.moveTo(o.back, o.chunk) // what stays can still be dropped
			} else {
				o.front, o.back = o.back, o.front
			}
			o.mu.Unlock()
			if !o.drain() {
				return
			}
			next = time.Now().Add(o.gather)
			o.mu.Lock()
		case o.closing:
			o.finish()
			return
		default:
			o.sleep(1, forever)
		}
	}
}

// sleep waits until the buffer's use reaches wakeAt, Room or Close is called, or d is over; it may
// end early. mu is held, and released meanwhile.
func (o *Writer) sleep(wakeAt int, d time.Duration) {
	if d <= 0 || o.used() >= wakeAt {
		return
	}
	o.wakeAt = wakeAt
	o.mu.Unlock()
	if d < forever {
		o.timer.Reset(d)
	}
	select {
	case <-o.timer.C:
	case <-o.wake:
		o.timer.Stop()
	}
	o.mu.Lock()
	o.wakeAt = never
}

// drain settles all messages of the back batch. It returns false when Close has taken them away.
func (o *Writer) drain() bool {
	for o.back.unsettled() > 0 {
		o.mu.Lock()
		if o.err != nil || o.abandoned != nil {
			o.lose()
			continue
		}
		window := o.back.window(o.chunk)
		o.writing = true
		o.mu.Unlock()

		n, err := o.write(window)

		o.mu.Lock()
		o.writing = false
		if o.over {
			o.mu.Unlock()
			return false
		}
		o.settle(n, err)
		if n > 0 || err == nil {
			o.stall = stall{}
		}
		if err != nil && o.passes(err) {
			o.pause()
		}
	}
	return true
}

// write is w.Write, with what io.Writer forbids and what says nothing turned into errors.
func (o *Writer) write(p []byte) (int, error) {
	if len(p) == 0 { // messages that were encoded to nothing
		return 0, nil
	}
	n, err := o.w.Write(p)
	if n < 0 || n > len(p) {
		return 0, fmt.Errorf("%T.Write returned %d for %d bytes", o.w, n, len(p))
	}
	if n == 0 && err == nil {
		err = io.ErrNoProgress
	}
	return n, err
}

// settle records and tells what a write has come to. mu is held, and released.
func (o *Writer) settle(n int, err error) {
	complete := o.back.wrote(n)
	s := &o.stats
	s.Written += uint64(complete)
	s.WrittenBytes += uint64(n)
	s.Pending -= complete
	s.PendingBytes -= n
	s.Stalled = err != nil
	if err != nil {
		s.LastError = err
		if o.passes(err) {
			s.Retries++
		} else {
			o.err = fmt.Errorf("sigio: output: %w", err)
			close(o.done)
		}
	}
	rooms := o.roomy()
	o.mu.Unlock()
	o.back.tell(complete, "")
	call(rooms)
}

// lose gives up the back batch, because writing has failed for good or Close has no more time. mu
// is held, and released.
func (o *Writer) lose() {
	cause := o.cause()
	n := o.back.unsettled()
	o.stats.PendingBytes -= o.back.unwritten()
	o.stats.Pending -= n
	o.stats.lose(n, cause)
	if o.err == nil {
		o.left += n
	}
	o.back.next = len(o.back.ends)
	rooms := o.roomy()
	o.mu.Unlock()
	o.back.tell(n, cause)
	call(rooms)
}

// shed gives up all that is pending, but completes a torn line.
func (o *Writer) shed() {
	o.mu.Lock()
	old, young := o.back.shed(), o.front
	o.front = new(batch)
	o.stats.lose(old.unsettled()+young.unsettled(), CauseStalled)
	o.stats.Pending = o.back.unsettled()
	o.stats.PendingBytes = o.back.unwritten()
	rooms := o.roomy()
	o.mu.Unlock()
	old.tell(old.unsettled(), CauseStalled)
	young.tell(young.unsettled(), CauseStalled)
	call(rooms)
}

// finish ends the Writer. Something is left only if Close calls it while the pump is inside Write.
// mu is held, and released.
func (o *Writer) finish() {
	o.over = true
	o.left += o.stats.Pending
	o.stats.lose(o.stats.Pending, o.cause())
	o.stats.Pending, o.stats.PendingBytes = 0, 0
	if o.err == nil {
		close(o.done)
	}
	cause, rooms := o.cause(), o.roomy()
	o.mu.Unlock()
	o.back.tell(o.back.unsettled(), cause)
	o.front.tell(o.front.unsettled(), cause)
	call(rooms)
	close(o.ended)
}

// cause says why messages are lost when there is no more writing. mu is held.
func (o *Writer) cause() string {
	if o.err != nil {
		return CauseClosed
	}
	return CauseShutdown
}

// roomy returns the functions given to Room that are due. mu is held.
func (o *Writer) roomy() (due []func()) {
	if o.used() > o.limit/2 {
		return nil
	}
	due, o.rooms = o.rooms, nil
	return due
}

// used returns how much of the limit is in use. mu is held.
func (o *Writer) used() int { return o.stats.PendingBytes + overhead*o.stats.Pending }

func call(funcs []func()) {
	for _, f := range funcs {
		f()
	}
}

// The wait before the next try of a write that failed: doubled each time, up to maxDelay, and small
// again after any progress.
const (
	minDelay = 10 * time.Millisecond
	maxDelay = time.Second
)

// stall is a series of writes without progress.
type stall struct {
	since time.Time     // of the first failure, or of the first one after giving up
	delay time.Duration // the last wait
}

// pause waits before another try, or for Close to have no more time. At the end of GiveUp it gives
// up what is pending.
func (o *Writer) pause() {
	s := &o.stall
	s.delay = min(max(2*s.delay, minDelay), maxDelay)
	wait := s.delay
	if o.giveUp > 0 {
		now := time.Now()
		if s.since.IsZero() {
			s.since = now
		}
		left := s.since.Add(o.giveUp).Sub(now)
		if left <= 0 {
			o.shed()
			s.since = time.Time{}
			left = o.giveUp
		}
		wait = min(wait, left)
	}
	o.timer.Reset(wait)
	select {
	case <-o.timer.C:
	case <-o.quit:
		o.timer.Stop()
	}
}
