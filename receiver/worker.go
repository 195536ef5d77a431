package receiver

import (
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/message"
)

// worker is one loop with its sockets and connections. What is not said to be
// shared belongs to the loop's thread.
//
// Its life: reading; draining, after Shutdown, when a socket or a connection that
// has nothing more to read is closed; forced, when all are closed as they are.
type worker struct {
	r       *Receiver
	loop    *sigio.Loop
	mode    Mode
	sources []source // in the order of Receiver.bound
	batch   *sys.DatagramBatch
	scratch scratch
	hold    hold

	conns    connections // shared
	ackers   ackers      // shared
	lend     chan *scratch
	draining atomic.Bool
	starved  atomic.Bool   // a socket waits for a descriptor
	forced   chan struct{} // closed
	graced   atomic.Bool   // while draining: nobody is waited for any more
}

// source is a bound socket. All but report is called on the loop's thread, or after
// its end.
type source interface {
	// start begins to read.
	start() error
	// drain makes the socket close itself once it has nothing more.
	drain()
	// close closes the socket, if it is still open. What was read from it and not
	// handed over is rejected.
	close()
	// woken tells that a descriptor has become free.
	woken()
	// report adds the socket's share to l, on any goroutine.
	report(l *ListenerStats)
}

// scratch is the memory with which one thread or goroutine reads.
type scratch struct {
	buf []byte
	msg message.Message
	now time.Time // of the last read
}

const (
	// readSize is how much is read from a stream at once.
	readSize = 64 << 10
	// smallPart is how long the beginning of a message may be to be copied in
	// front of what follows it, rather than be followed in its own memory.
	smallPart = 4 << 10
)

func (s *scratch) init() { s.buf = make([]byte, smallPart+readSize) }

func newWorker(r *Receiver, loop *sigio.Loop, mode Mode) *worker {
	w := &worker{r: r, loop: loop, mode: mode, forced: make(chan struct{})}
	w.scratch.init()
	w.hold.w = w
	w.conns.init(w)
	if mode == Goroutine {
		w.initLending()
	}
	return w
}

// fill makes s.msg the message whose body was received.
func (s *scratch) fill(body []byte, m *manner, peer netip.AddrPort) {
	s.msg.Transport = m.transport
	s.msg.Peer = peer
	s.msg.ReceivedAt = s.now
	if m.parse != nil {
		m.parse(&s.msg, body)
		return
	}
	s.msg.Parse(body)
}

// drain begins the draining.
func (w *worker) drain() {
	w.draining.Store(true)
	for _, source := range w.sources {
		source.drain()
	}
	for _, c := range w.conns.sleeping() {
		c.watch.Again()
	}
	if grace := w.r.config.Grace; grace > 0 {
		w.loop.AfterFunc(grace, func() { w.endGrace(nil) })
	}
}

// force closes everything. It runs on the loop's thread, or after its end.
func (w *worker) force() {
	select {
	case <-w.forced:
		return
	default:
	}
	w.draining.Store(true)
	close(w.forced)
	w.hold.giveUp()
	for _, source := range w.sources {
		source.close()
	}
	for _, c := range w.conns.sleeping() {
		w.dismiss(c, EndShutdown)
	}
}
