package receiver

import (
	"time"

	"github.com/seed-067c1534/sigio"
)

// hold is the pause that a worker makes when the output has no room: a message is
// in its hand, and it reads nothing until the output has taken that one.
//
// The message stays where it is, in the worker's scratch.msg, whose fields alias
// the memory that it was read into. None of that is touched during the pause,
// since nothing is read.
type hold struct {
	w       *worker
	refused Receipt    // of the message in the hand; nil if there is none
	batch   *datagrams // has the rest of the batch to which the message belongs
	waiting []*gate
	since   time.Time // when the output refused it
}

// gate is a descriptor that can be told to wait for the end of a pause.
type gate struct {
	watch   *sigio.Watch
	waiting bool
}

// offer gives the message in w.scratch, which was taken, to the output. It returns false if the
// message was refused, and a pause has begun.
func (w *worker) offer(r Receipt) bool {
	if w.r.config.Output.Append(&w.scratch.msg, r) {
		return true
	}
	w.hold.refused = r
	w.hold.since = time.Now()
	w.hold.ask()
	return false
}

// ask makes the output call when there is room.
func (h *hold) ask() {
	h.w.r.config.Output.Room(func() { h.w.loop.Post(h.resume) })
}

// active says whether there is a pause. If so, g is woken when it ends.
func (h *hold) active(g *gate) bool {
	if h.refused == nil {
		return false
	}
	if !g.waiting {
		g.waiting = true
		h.waiting = append(h.waiting, g)
	}
	return true
}

// resume offers the message again, then the rest of its batch. When these are
// gone it ends the pause.
func (h *hold) resume() {
	if h.refused == nil {
		return // given up
	}
	if !h.w.r.config.Output.Append(&h.w.scratch.msg, h.refused) {
		h.ask()
		return
	}
	h.refused = nil
	if h.w.mode == Loop {
		h.w.conns.skip(time.Since(h.since))
	}
	if d := h.batch; d != nil {
		h.batch = nil
		if !d.hand() {
			return
		}
	}
	for i, g := range h.waiting {
		h.waiting[i] = nil
		g.waiting = false
		if g.watch != nil {
			g.watch.Again()
		}
	}
	h.waiting = h.waiting[:0]
	h.w.expire()
}

// giveUp rejects what is in the hand.
func (h *hold) giveUp() {
	if h.refused != nil {
		h.refused.Lost(1, CauseShutdown)
		h.refused = nil
	}
	if d := h.batch; d != nil {
		h.batch = nil
		d.rejectRest()
	}
}
