package signals

import (
	"os"
	"os/signal"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// receiver is what gets signals: a channel, a Reader, a Timer. The hub calls it
// with its lock held, so it neither waits nor calls the hub.
type receiver interface {
	deliver(r *siginfo.Record)
	lose(n uint64) // the hub had to drop n signals that were for it
}

// hub is where the signals of the process come in and go to their receivers. There
// is one, as there is one ring and one set of actions in a process.
//
//	handler, on any thread ──> ring ──> collect ──> route ──> receivers
//
// Without a route there is no goroutine, and no action is changed.
type hub struct {
	mu        sync.Mutex // guards the following, and the reader's end of the ring
	routes    [lastSignal + 1]*route
	open      []int // the numbers that have a route
	collector *collector
	last      <-chan struct{} // closed when the collector before has ended
}

// route is what was done to receive one signal, and who receives it.
type route struct {
	receivers []receiver
	original  sys.Action     // to be put back
	former    sys.Action     // what the handler goes on to
	wanted    chan os.Signal // keeps os/signal from letting the signal act; or nil
	reserved  *reserved      // another way to receive it; or nil
	lost      uint64         // what sys.ForwardLost said last
}

// collector is a goroutine that empties the ring.
type collector struct {
	stop atomic.Bool
	done chan struct{}
}

var process hub

// add makes r a receiver of some signals: of all, or of none if there is an error.
func (h *hub) add(r receiver, signos []int) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, signo := range signos {
		if h.routes[signo] == nil {
			if err := h.openRoute(signo); err != nil {
				h.drop(r, signos[:i])
				h.rest()
				return err
			}
		}
		if route := h.routes[signo]; !slices.Contains(route.receivers, r) {
			route.receivers = append(route.receivers, r)
		}
	}
	return nil
}

// remove ends that. What handlers have taken until now is delivered before; when
// remove returns nothing more is, and the last one has left nothing behind.
func (h *hub) remove(r receiver, signos []int) {
	h.mu.Lock()
	h.drop(r, signos)
	ended := h.rest()
	h.mu.Unlock()
	if ended != nil {
		<-ended
	}
}

func (h *hub) drop(r receiver, signos []int) {
	for _, signo := range signos {
		route := h.routes[signo]
		if len(route.receivers) == 1 && route.receivers[0] == r {
			route.detach(signo)
		}
	}
	h.drain(sys.ForwardLimit)
	for _, signo := range signos {
		route := h.routes[signo]
		route.receivers = slices.DeleteFunc(slices.Clone(route.receivers), func(x receiver) bool { return x == r })
		if len(route.receivers) == 0 {
			h.routes[signo] = nil
			h.open = slices.DeleteFunc(h.open, func(n int) bool { return n == signo })
		}
	}
}

// rest ends the collector if no route is left, and returns what tells its end.
func (h *hub) rest() <-chan struct{} {
	if len(h.open) > 0 || h.collector == nil {
		return nil
	}
	h.collector.stop.Store(true)
	h.last, h.collector = h.collector.done, nil
	sys.ForwardWake()
	return h.last
}

func (h *hub) openRoute(signo int) error {
	route := new(route)
	var err error
	if route.reserved, err = reserve(h, signo); err != nil {
		return err
	}
	if route.reserved == nil {
		if err := route.attach(signo); err != nil {
			return err
		}
		if h.collector == nil {
			h.collector = &collector{done: make(chan struct{})}
			go h.collect(h.collector, h.last)
		}
	}
	h.routes[signo] = route
	h.open = append(h.open, signo)
	return nil
}

// attach puts the handler in front of the present one.
func (r *route) attach(signo int) error {
	var err error
	if r.original, err = sys.SignalAction(signo); err != nil {
		return refused(signo, err)
	}
	if asksOsSignal(signo, r.original) {
		r.wanted = make(chan os.Signal, 1)
		signal.Notify(r.wanted, syscall.Signal(signo))
	}
	r.lost = sys.ForwardLost(signo)
	if r.former, err = sys.Forward(signo); err != nil {
		r.release()
		return refused(signo, err)
	}
	return nil
}

// asksOsSignal says whether os/signal is to be asked for a signal as well, with a
// given action. Then what our handler goes on to does not act on the signal: Go's
// own ends the program for SIGTERM, unless somebody wants it. And os/signal does
// not install Go's handler later, in front of ours. For real-time signals Go has
// its handler from the beginning, which does nothing if nobody wants them, so that
// a detour that is slow can be left out; but not in a library that a C program has
// loaded. There is nothing to ask for where a handler of C code comes next.
func asksOsSignal(signo int, a sys.Action) bool {
	urgent, err := sys.SignalAction(urgentSignal)
	switch {
	case err != nil || quiet(signo):
		return false
	case a.Handler == urgent.Handler: // Go's
		return signo < firstRealTime
	}
	return a.Default()
}

func (r *route) release() {
	if r.wanted != nil {
		signal.Stop(r.wanted)
	}
}

// detach puts the original action back, unless somebody else has changed it
// meanwhile. After it no handler starts for this route.
func (r *route) detach(signo int) {
	if r.reserved != nil {
		r.reserved.close()
		return
	}
	ours := sys.Forwarding(signo)
	sys.Unforward(signo, r.former)
	r.release()
	if now, err := sys.SignalAction(signo); ours && err == nil && now.Handler == r.original.Handler {
		sys.SetSignalAction(signo, r.original) // its flags may differ still
	}
}

// collect empties the ring until it is told to stop.
func (h *hub) collect(c *collector, before <-chan struct{}) {
	defer close(c.done)
	if before != nil {
		<-before
	}
	const some = 256 // so that others get the lock in between
	for !c.stop.Load() {
		h.mu.Lock()
		n := h.drain(some)
		h.mu.Unlock()
		if n > 0 {
			continue
		}
		if err := sys.ForwardSleep(c.stop.Load); err != nil {
			time.Sleep(time.Millisecond) // futex(2) is forbidden: look now and then
		}
	}
}

// drain takes at most limit signals out of the ring and gives them to their
// receivers. It returns how many those were.
func (h *hub) drain(limit int) (n int) {
	var native [siginfo.RecordSize]byte
	for n < limit && sys.Forwarded(&native) {
		record := siginfo.FromNative(&native)
		h.dispatch(&record)
		n++
	}
	for _, signo := range h.open {
		route := h.routes[signo]
		if lost := sys.ForwardLost(signo); lost != route.lost {
			for _, r := range route.receivers {
				r.lose(lost - route.lost)
			}
			route.lost = lost
		}
	}
	return n
}

// dispatch gives a signal to its receivers. There may be none any more: a thread
// was stopped in the handler for long.
func (h *hub) dispatch(record *siginfo.Record) {
	if route := h.routes[record.Signo()]; route != nil {
		for _, r := range route.receivers {
			r.deliver(record)
		}
	}
}
