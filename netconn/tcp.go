package netconn

import (
	"io"
	"net"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio/internal/sys"
)

// TCPConn is a TCP connection, with the methods of *net.TCPConn.
type TCPConn struct{ conn }

var (
	_ net.Conn      = (*TCPConn)(nil)
	_ io.ReaderFrom = (*TCPConn)(nil)
	_ io.WriterTo   = (*TCPConn)(nil)
	_ syscall.Conn  = (*TCPConn)(nil)
)

// CloseRead shuts down the reading side: reads return io.EOF (shutdown(2)).
func (c *TCPConn) CloseRead() error { return c.shutdown(sys.ShutRead) }

// CloseWrite shuts down the writing side: the peer reads io.EOF after what was
// written, and can go on writing (shutdown(2)).
func (c *TCPConn) CloseWrite() error { return c.shutdown(sys.ShutWrite) }

// SetNoDelay says whether data is sent at once (true, the default) or gathered by
// Nagle's algorithm (TCP_NODELAY, tcp(7)).
func (c *TCPConn) SetNoDelay(on bool) error {
	return c.option(func(fd int) error { return sys.SetNoDelay(fd, on) })
}

// SetLinger says what Close does with data that is not sent yet: sec < 0, the default,
// sends it in the background; 0 throws it away and resets the connection; more lets
// the kernel try so many seconds (SO_LINGER, socket(7)).
func (c *TCPConn) SetLinger(sec int) error {
	return c.option(func(fd int) error { return sys.SetLinger(fd, sec) })
}

// SetKeepAlive switches keep-alive on or off (SO_KEEPALIVE, socket(7)).
func (c *TCPConn) SetKeepAlive(on bool) error {
	return c.option(func(fd int) error { return sys.SetKeepAliveOn(fd, on) })
}

// SetKeepAlivePeriod sets the time without data before the first probe; zero means
// 15 s, and a negative value changes nothing (TCP_KEEPIDLE, tcp(7)).
func (c *TCPConn) SetKeepAlivePeriod(d time.Duration) error {
	if d == 0 {
		d = keepAliveTime
	}
	return c.option(func(fd int) error { return sys.SetKeepAliveTimes(fd, sys.KeepAlive{Idle: d}) })
}

// SetKeepAliveConfig sets everything about keep-alive. A zero in k stands for the
// default (15 s, 15 s, 9 probes), a negative value for "leave it".
func (c *TCPConn) SetKeepAliveConfig(k net.KeepAliveConfig) error {
	return c.option(func(fd int) error { return setKeepAlive(fd, k) })
}
