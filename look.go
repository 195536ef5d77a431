package sigio

import (
	"time"

	"github.com/seed-067c1534/sigio/siginfo"
)

// lookChunk is how many descriptors one poll(2) looks at. It may not be more than
// the limit of open files, which is 1024 for most processes.
const lookChunk = 512

// look asks poll(2) about some watches, without waiting, and marks those that are
// ready: all of them, if it cannot tell.
func (l *Loop) look(watches ...*Watch) {
	for len(watches) > 0 {
		chunk := watches[:min(lookChunk, len(watches))]
		watches = watches[len(chunk):]
		fds := l.pollfds[:0]
		for _, w := range chunk {
			if w != nil {
				fds = append(fds, w.pollFd())
			}
		}
		l.pollfds = fds
		n, err := l.kernel.Poll(fds)
		for i := 0; i < len(fds) && (n > 0 || err != nil); i++ {
			if fds[i].Revents != 0 || err != nil {
				n--
				l.mark(l.watches[fds[i].Fd], siginfo.Band(uint16(fds[i].Revents)))
			}
		}
	}
}

// loss is the recovery from a full queue.
//
// The kernel's mark comes ahead of the signals that are still queued, and every
// further loss sets it again (fs/fcntl.c, send_sigio_to_task). So one look at
// everything after the mark was taken finds all that was lost before.
type loss struct {
	loop   *Loop
	again  *Timer
	marked bool
	forged bool          // no mark of the kernel's among them
	last   time.Time     // when the last sweep ended
	took   time.Duration // and how long it took
}

const (
	// forgedGap is how often a sweep may be forced by a SIGIO that somebody
	// else sent.
	forgedGap = 10 * time.Millisecond
	// quickSweep is how long a sweep may take without being made rare.
	quickSweep = 100 * time.Microsecond
)

func (s *loss) init(l *Loop) {
	s.loop = l
	s.again = l.newTimer(s.recover)
}

// mark takes note of a SIGIO.
func (s *loss) mark(r *siginfo.Record) {
	forged := false
	switch count := &s.loop.count; {
	case r.Code() == siginfo.Kernel:
		count.Overflows++
	case s.loop.kernel.OwnWake(r):
		count.Wakeups++ // the queue is full; the kernel's mark may have merged with it
	default:
		count.Foreign++ // it may hide a mark as well
		forged = true
	}
	s.forged = forged && (s.forged || !s.marked)
	s.marked = true
}

// recover looks at every watch, if there was a loss. It lets as much time pass
// between sweeps as they take, so that at most half of the loop's time goes into
// them however many marks there are.
func (s *loss) recover() {
	if !s.marked {
		return
	}
	var gap time.Duration
	if s.forged {
		gap = forgedGap
	} else if s.took > quickSweep {
		gap = s.took
	}
	start := time.Now()
	if wait := gap - start.Sub(s.last); wait > 0 {
		s.again.Reset(wait)
		return
	}
	s.marked, s.forged = false, false
	s.loop.count.Sweeps++
	s.loop.look(s.loop.watches...)
	s.last = time.Now()
	s.took = s.last.Sub(start)
}

// writeLook looks, from time to time, at the watches that want to write, since
// not every kind of socket signals that there is room.
type writeLook struct {
	loop    *Loop
	timer   *Timer
	period  time.Duration
	watches []*Watch
}

const (
	firstWriteLook = 10 * time.Millisecond
	lastWriteLook  = 160 * time.Millisecond
)

func (s *writeLook) init(l *Loop) {
	s.loop = l
	s.timer = l.newTimer(s.look)
}

func (w *Watch) wantWrite() {
	if w.closed {
		return
	}
	s := &w.loop.write
	w.writing = true
	w.loop.hot.update(w)
	if !w.listed {
		w.listed = true
		s.watches = append(s.watches, w)
	}
	// A look that found room where there is none, as for an unconnected Unix
	// datagram socket whose receiver is full, would find it again at once.
	if !w.looked {
		w.loop.look(w)
	}
	if s.period != firstWriteLook { // or else the timer is set already
		s.period = firstWriteLook
		s.timer.Reset(s.period)
	}
}

func (s *writeLook) look() {
	waiting := s.watches[:0]
	for _, w := range s.watches {
		if w.listed = w.writing && !w.closed; w.listed {
			waiting = append(waiting, w)
		}
	}
	clear(s.watches[len(waiting):])
	s.watches = waiting
	if len(waiting) == 0 {
		s.period = 0
		return
	}
	s.loop.look(waiting...)
	s.period = min(2*s.period, lastWriteLook)
	s.timer.Reset(s.period)
}

// verification goes through all watches once in a while, a chunk at each turn of
// the loop, finds those that cannot signal any more, and looks at them all.
type verification struct {
	loop  *Loop
	timer *Timer
	next  int // descriptor number
}

func (v *verification) init(l *Loop) {
	v.loop = l
	v.timer = l.newTimer(v.chunk)
	if l.options.Verify > 0 {
		v.timer.Reset(l.options.Verify)
	}
}

func (v *verification) chunk() {
	l := v.loop
	chunk := l.watches[v.next:min(v.next+lookChunk, len(l.watches))]
	for _, w := range chunk {
		if w == nil || w.hot != 0 {
			continue // or looked at in each turn, and armed again before long
		}
		// An error is for the handler to find: the look below marks the watch.
		if repaired, err := w.verify(); repaired && err == nil {
			l.count.Repaired++
		}
	}
	l.look(chunk...)
	if v.next += len(chunk); v.next < len(l.watches) {
		v.timer.Reset(0)
		return
	}
	v.next = 0
	v.timer.Reset(l.options.Verify)
}
