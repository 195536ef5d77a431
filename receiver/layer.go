package receiver

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// layer is TLS between a connection and its socket. It is also what package tls takes
// for the connection below.
//
// During the handshake its Read and Write wait, as the connection's goroutine does for
// messages: so the handshake has the time that a silent connection has, and gives way
// to others like one. After it they do not wait. Package tls keeps what has come of a
// record when Read says EAGAIN, which is a temporary error, and goes on there.
type layer struct {
	c     *conn
	tls   *tls.Conn
	ready bool // the handshake is over
	cut   bool // the peer's TCP has ended
}

// dismissed is the error of a connection that does not wait for its peer any more.
type dismissed struct{ end string }

func (d *dismissed) Error() string { return "dismissed: " + d.end }

// secure makes a TLS connection of c, in its goroutine. It returns why that failed, or "".
func (c *conn) secure() (end string) {
	l := &layer{c: c}
	err := l.wait(false) // a client that says nothing needs no memory of package tls, and no deep stack
	if err == nil {
		l.tls = tls.Server(l, c.l.manner.keys.current.Load())
		c.layer = l
		err = l.tls.Handshake()
	}
	var d *dismissed
	switch {
	case err == nil:
		l.ready = true
		return ""
	case errors.As(err, &d) && d.end != EndFirstByte:
		return d.end
	case d != nil:
		err = errors.New("it took too long")
	}
	c.l.w.r.warn("handshake "+c.l.url, fmt.Sprintf("%s: no TLS with %v: %v", c.l.url, c.peer, err))
	return EndHandshake
}

// receive is sys.Recv for the messages that come, whether or not by way of TLS. An end
// of the connection without an end of TLS is an error: somebody else may have cut it.
func (c *conn) receive(p []byte) (n int, err error) {
	if c.layer == nil {
		return sys.Recv(int(c.fd), p)
	}
	n, err = c.layer.tls.Read(p)
	switch {
	case n > 0:
		return n, nil
	case errors.Is(err, io.EOF) && c.layer.cut: // which package tls lets pass between records
		return 0, io.ErrUnexpectedEOF
	case errors.Is(err, io.EOF):
		return 0, nil
	case errors.Is(err, syscall.EAGAIN):
		return 0, syscall.EAGAIN
	case err == nil: // a record with nothing in it
		return 0, syscall.EINTR
	}
	return 0, err
}

// longestAnswer is written at once by the thread of a loop.
const longestAnswer = 1 << 10

// send is sys.Send for what is told to the peer by way of TLS. A record must be sent
// whole, so it is begun only when there is room.
func (l *layer) send(p []byte) (n int, err error) {
	if n, _ := sys.Poll([]sys.PollFd{{Fd: l.c.fd, Events: int16(siginfo.Out)}}); n == 0 {
		return 0, syscall.EAGAIN
	}
	return l.tls.Write(p[:min(len(p), longestAnswer)])
}

// giveUp ends a connection over which nothing can be told any more, since a record was not written
// whole: who reads it finds that it was cut. That is to be called again until it has, since a goroutine
// that is just about to sleep does not notice.
func (l *layer) giveUp() {
	_ = sys.Shutdown(int(l.c.fd), sys.ShutRead)
	s := &l.c.l.w.conns
	s.mu.Lock()
	defer s.mu.Unlock()
	if !l.c.awake && l.c.watch != nil {
		l.c.watch.Again() // the kernel does not signal it (net/ipv4/af_inet.c, inet_shutdown)
	}
}

// end says, if that is possible without waiting, that nothing more will be sent.
func (l *layer) end() {
	if l != nil && l.ready {
		l.tls.CloseWrite()
	}
}

func (l *layer) Read(p []byte) (n int, err error) {
	for {
		n, err = sys.Recv(int(l.c.fd), p)
		switch {
		case n > 0:
			return n, nil
		case err == nil:
			l.cut = true
			return 0, io.EOF
		case err == syscall.EAGAIN:
			if err := l.wait(false); err != nil {
				return 0, err
			}
		case err != syscall.EINTR:
			return 0, err
		}
	}
}

func (l *layer) Write(p []byte) (n int, err error) {
	for n < len(p) {
		m, err := sys.Send(int(l.c.fd), p[n:])
		n += m
		switch {
		case err == syscall.EAGAIN:
			if err := l.wait(true); err != nil {
				return n, err
			}
		case err != nil && err != syscall.EINTR:
			return n, err
		}
	}
	return n, nil
}

// wait waits, during the handshake. A peer that later does not take the little that TLS
// itself has to say is given up.
func (l *layer) wait(write bool) error {
	if l.ready {
		return syscall.EAGAIN
	}
	if l.c.mayEnd() {
		return &dismissed{EndShutdown}
	}
	if end := l.c.sleep(write); end != "" {
		return &dismissed{end}
	}
	return nil
}

// What package tls does not need, but wants.

func (l *layer) Close() error                     { return nil }
func (l *layer) LocalAddr() net.Addr              { return net.TCPAddrFromAddrPort(l.c.peer) }
func (l *layer) RemoteAddr() net.Addr             { return net.TCPAddrFromAddrPort(l.c.peer) }
func (l *layer) SetDeadline(time.Time) error      { return nil }
func (l *layer) SetReadDeadline(time.Time) error  { return nil }
func (l *layer) SetWriteDeadline(time.Time) error { return nil }
