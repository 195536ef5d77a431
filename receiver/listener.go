package receiver

import (
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"syscall"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/siginfo"
)

// listener is a listening TCP socket.
type listener struct {
	gate
	w       *worker
	fd      int
	url     string
	manner  *manner
	file    *unixFile
	account *account
	limiter *limiter // nil without a limit
	traffic traffic
	retry   retry
	allow   int // while draining: connections of the backlog still to be accepted
	closed  bool

	inherited bool // somebody else has the socket open too, and will serve who waits at it

	leaving atomic.Bool // it is being drained while the others go on
	graced  atomic.Bool // its connections are not waited for any more
}

// acceptsPerTurn lets other descriptors have their turn.
const acceptsPerTurn = 64

func newListener(w *worker, b *bound, fd int) *listener {
	l := &listener{w: w, fd: fd, url: b.url(), account: newAccount(-1), manner: b.manner, file: b.file, limiter: w.r.limiter}
	l.inherited = b.given()
	l.traffic.init()
	l.retry.init(w, &l.gate)
	return l
}

func (l *listener) start() (err error) {
	l.watch, err = l.w.loop.Watch(l.fd, l)
	return err
}

// Ready accepts until nobody is waiting or its turn is over.
func (l *listener) Ready(_ *sigio.Watch, ev sigio.Event) sigio.Result {
	l.account.event(ev.Signals)
	for range acceptsPerTurn {
		if l.w.hold.active(&l.gate) || l.retry.waiting {
			return sigio.Drained
		}
		if l.w.r.farTooMany() {
			l.retry.later(nil)
			return sigio.Drained
		}
		fd, peer, err := sys.Accept(l.fd)
		switch {
		case err == nil:
			l.retry.succeeded()
			l.accepted(fd, peer)
			if l.exhausted() {
				return l.drained()
			}
		case err == syscall.EAGAIN:
			return l.drained()
		case lacking(err):
			if !l.somebodyWaits() {
				return l.drained()
			}
			l.lack(err)
		case err == syscall.EINTR || err == syscall.ECONNABORTED:
			// The next one.
		default:
			l.retry.later(err)
		}
	}
	return sigio.More
}

// lacking says whether accept failed for want of descriptors or of memory.
func lacking(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) ||
		errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.ENOMEM)
}

// somebodyWaits says whether there is a connection to accept. An accept that
// fails for want of a descriptor does not say so: the kernel looks for the
// descriptor first (linux/net/socket.c, __sys_accept4).
func (l *listener) somebodyWaits() bool {
	n, err := sys.Poll([]sys.PollFd{{Fd: int32(l.fd), Events: int16(siginfo.In)}})
	return n > 0 || err != nil
}

// lack gets a descriptor back from a silent connection, or waits for one. Those
// that want to connect wait in the backlog meanwhile.
func (l *listener) lack(err error) {
	l.traffic.fail()
	l.w.r.warn("descriptors", fmt.Sprintf("a connection cannot be accepted for the moment (%v): silent ones give way, others wait", err))
	switch {
	case !l.w.giveWay():
		l.w.askOthers()
	case l.w.mode == Loop:
		return // there is one now
	}
	l.retry.later(nil)
}

// accepted takes over a new connection.
func (l *listener) accepted(fd int, peer netip.AddrPort) {
	l.traffic.accept()
	if !l.w.r.config.allows(peer) {
		l.traffic.end(EndNotAllowed)
		sys.Close(fd)
		return
	}
	l.w.r.open.Add(1)
	l.w.r.sources.Add(1)
	c := &conn{l: l, fd: int32(fd), peer: peer, framer: message.Framer{MaxSize: l.w.r.config.MaxMessage, Framing: l.manner.framing}}
	c.clock = clockOf(silent, l.w.conns.now())
	if l.w.mode == Goroutine {
		c.launch()
	} else {
		c.begin()
	}
}

// draining says whether this socket and its connections are to come to an end. It may be
// called from any goroutine.
func (l *listener) draining() bool { return l.leaving.Load() || l.w.draining.Load() }

func (l *listener) exhausted() bool {
	if !l.draining() {
		return false
	}
	l.allow--
	return l.allow <= 0
}

func (l *listener) drained() sigio.Result {
	if l.draining() {
		l.close()
	}
	return sigio.Drained
}

func (l *listener) drain() {
	if l.inherited {
		l.close()
		return
	}
	l.file.remove() // so that those who come now know
	l.allow = l.w.r.config.Backlog + 1
	if l.watch != nil && !l.closed {
		l.watch.Again()
	}
}

func (l *listener) close() {
	if l.closed {
		return
	}
	l.closed = true
	if l.watch != nil {
		l.watch.Close()
	}
	l.retry.stop()
	l.file.remove()
	sys.Close(l.fd)
	l.w.r.sources.Done()
}

func (l *listener) woken() { l.retry.now() }

func (l *listener) report(s *ListenerStats) {
	l.account.addTo(&s.Counts)
	l.traffic.addTo(&s.Connections)
}
