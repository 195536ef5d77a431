package sigio

import (
	"slices"

	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// hot are the descriptors whose signals are switched off because they are ready
// again and again: the loop looks at all of them with one poll(2) in each turn,
// which costs a tenth of sending and taking a signal for each. A network driver
// masks its interrupts under load for the same reason (NAPI).
//
// A descriptor that has been silent for Options.Linger turns is armed again, and
// looked at once more after that, as a new one is. So nothing is lost on the way.
type hot struct {
	loop    *Loop
	watches []*Watch
	fds     []sys.PollFd // what poll(2) is asked about each of watches
	cooled  []*Watch     // those that are to be armed again in this turn
}

const (
	// A descriptor is hot when heatStreak of its calls were made for signals,
	// none more than heatGap turns after the one before, without a sleep between
	// them. Switching its signals off and on again costs about as much as two
	// signals do (docs/performance.md has the measurement).
	heatStreak = 3
	heatGap    = 8
	// heatLimit is how many turns a descriptor can be hot in one go. It bounds
	// what a handler can cost that leaves something unread and does not want it:
	// without signals it would be called in each turn.
	heatLimit = 128
	// heatDebt is how many calls more it takes after a descriptor was hot for a
	// short time only.
	heatDebt = 32
	// turnLooks is how many looks at a descriptor the system calls of a turn cost.
	turnLooks = 5
)

// seen is told of every call of a handler that signals have led to.
func (h *hot) seen(w *Watch) {
	turn := h.loop.turns
	if turn-w.since <= heatGap {
		w.streak++
	} else {
		w.streak = min(w.streak, 0) + 1
	}
	w.since = turn
	if w.streak >= heatStreak {
		h.heat(w)
	}
}

// heat switches w's signals off. Those that are queued already still come.
func (h *hot) heat(w *Watch) {
	w.streak = 0
	if h.loop.options.Linger < 0 {
		return
	}
	if _, waits := w.handler.(*waiter); waits || w.owned {
		return // who waits reads later, on another thread: a look would see the same again
	}
	if h.loop.kernel.Disarm(w.FD()) != nil {
		return
	}
	h.loop.count.Hot++
	h.watches = append(h.watches, w)
	h.fds = append(h.fds, w.pollFd())
	w.hot = int32(len(h.watches))
}

// linger is how many silent turns cost as much as switching a descriptor's signals
// on and off: one turn costs two system calls, which the hot descriptors share,
// and a look at each.
func (h *hot) linger() int {
	n := len(h.watches)
	return max(1, h.loop.options.Linger*n/(n+turnLooks))
}

// look marks the hot descriptors that are ready, and arms again those that were
// silent for too long.
func (h *hot) look() {
	for from := 0; from < len(h.fds); from += lookChunk {
		h.lookAt(from, min(from+lookChunk, len(h.fds)))
	}
	if len(h.cooled) > 0 {
		h.arm()
	}
}

func (h *hot) lookAt(from, to int) {
	fds := h.fds[from:to]
	linger := h.linger()
	_, err := h.loop.kernel.Poll(fds)
	for i := range fds {
		w := h.watches[from+i]
		band := siginfo.Band(uint16(fds[i].Revents))
		switch {
		case band == 0 && err == nil:
			if w.streak++; int(w.streak) >= linger {
				h.cooled = append(h.cooled, w)
			}
			continue
		// An end or an error stays, so a look would find it in each turn.
		case band&^(siginfo.In|siginfo.Out|siginfo.Pri) != 0, err != nil, h.loop.turns-w.since >= heatLimit:
			h.cooled = append(h.cooled, w)
		}
		w.streak = 0
		h.loop.mark(w, band)
	}
}

// arm switches the signals of the cooled descriptors on again. What came before
// that sends none: hence the look afterwards.
func (h *hot) arm() {
	for _, w := range h.cooled {
		silent := w.streak > 0
		h.remove(w)
		if silent && h.loop.turns-w.since < heatLimit/4 {
			w.streak = -heatDebt
		}
		if h.loop.kernel.Rearm(w.FD()) != nil {
			h.loop.mark(w, 0) // the descriptor is no good any more: its handler will see why
		}
	}
	h.loop.look(h.cooled...)
	clear(h.cooled)
	h.cooled = h.cooled[:0]
}

// remove takes w off the list.
func (h *hot) remove(w *Watch) {
	if w.hot == 0 {
		return
	}
	i, last := int(w.hot)-1, len(h.watches)-1
	h.watches[i], h.fds[i] = h.watches[last], h.fds[last]
	h.watches[i].hot = int32(i + 1)
	h.watches[last] = nil
	h.watches, h.fds = h.watches[:last], h.fds[:last]
	w.hot, w.streak = 0, 0
}

// update is told that w waits to write, or not any more.
func (h *hot) update(w *Watch) {
	if w.hot != 0 {
		h.fds[w.hot-1] = w.pollFd()
	}
}

// forget empties the list, because every descriptor is armed anew.
func (h *hot) forget() {
	for _, w := range slices.Clone(h.watches) {
		h.remove(w)
	}
}
