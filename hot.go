package sigio

import (
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
	entries []hotEntry
	fds     []sys.PollFd // what poll(2) is asked about each of entries
	cooled  []*Watch     // those that are to be armed again in this turn
}

type hotEntry struct {
	watch  *Watch
	weight uint16 // how many signals each turn would cost
	silent uint16 // turns since it was ready
	age    uint32 // turns
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
	heatLimit = 4096
	// heatDebt is how many calls more it takes after a descriptor was hot for
	// less than heatTrial turns.
	heatDebt  = 32
	heatTrial = 32
	// heaviest bounds the weight of a descriptor.
	heaviest = 64
	// turnLooks is how many looks at a descriptor the system calls of a turn cost.
	turnLooks = 5
)

// seen is told of every call of a handler that signals have led to, and of their
// number.
func (h *hot) seen(w *Watch, signals int) {
	turn := h.loop.turns
	if turn-w.since <= heatGap {
		w.streak++
	} else {
		w.streak = min(w.streak, 0) + 1
	}
	w.since = turn
	if w.streak >= heatStreak {
		h.heat(w, signals)
	}
}

// heat switches w's signals off. Those that are queued already still come.
func (h *hot) heat(w *Watch, signals int) {
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
	h.entries = append(h.entries, hotEntry{watch: w, weight: uint16(min(signals, heaviest))})
	h.fds = append(h.fds, w.pollFd())
	w.hot = int32(len(h.entries))
}

// patience returns how many silent turns cost as much as switching a descriptor's
// signals off and on, if each turn spares one signal: a turn costs two system calls,
// which the hot descriptors share, and a look at each.
func (h *hot) patience() int {
	n := len(h.entries)
	return max(1, h.loop.options.Linger*n/(n+turnLooks))
}

// look marks the hot descriptors that are ready, and arms again those that were
// silent for too long.
func (h *hot) look() {
	patience := h.patience()
	for from := 0; from < len(h.fds); from += lookChunk {
		h.lookAt(from, min(from+lookChunk, len(h.fds)), patience)
	}
	if len(h.cooled) > 0 {
		h.arm()
	}
}

func (h *hot) lookAt(from, to, patience int) {
	fds, entries := h.fds[from:to], h.entries[from:to]
	_, err := h.loop.kernel.Poll(fds)
	for i := range fds {
		e := &entries[i]
		e.age++
		band := siginfo.Band(uint16(fds[i].Revents))
		switch {
		case band == 0 && err == nil:
			if e.silent++; h.tired(e, patience) {
				h.cooled = append(h.cooled, e.watch)
			}
			continue
		// An end or an error stays, so a look would find it in each turn.
		case band&^(siginfo.In|siginfo.Out|siginfo.Pri) != 0, err != nil, e.age >= heatLimit:
			h.cooled = append(h.cooled, e.watch)
		}
		e.silent = 0
		h.loop.mark(e.watch, band)
	}
}

// tired says whether a descriptor was silent for too long. One that sent many
// signals at once is waited for as many times longer, unless the loop sleeps in its
// turns, which are long then.
func (h *hot) tired(e *hotEntry, patience int) bool {
	if h.loop.options.Coalesce == 0 {
		patience *= int(e.weight)
	}
	return int(e.silent) >= patience
}

// arm switches the signals of the cooled descriptors on again. What came before
// that sends none: hence the look afterwards.
func (h *hot) arm() {
	for _, w := range h.cooled {
		e := h.remove(w)
		if e.silent > 0 && e.age < heatTrial {
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
func (h *hot) remove(w *Watch) (e hotEntry) {
	if w.hot == 0 {
		return e
	}
	i, last := int(w.hot)-1, len(h.entries)-1
	e = h.entries[i]
	h.entries[i], h.fds[i] = h.entries[last], h.fds[last]
	h.entries[i].watch.hot = int32(i + 1)
	h.entries[last] = hotEntry{}
	h.entries, h.fds = h.entries[:last], h.fds[:last]
	w.hot = 0
	return e
}

// update is told that w waits to write, or not any more.
func (h *hot) update(w *Watch) {
	if w.hot != 0 {
		h.fds[w.hot-1] = w.pollFd()
	}
}

// forget empties the list, because every descriptor is armed anew.
func (h *hot) forget() {
	for len(h.entries) > 0 {
		h.remove(h.entries[0].watch)
	}
}
