package netconn

import (
	"net"
	"syscall"

	"github.com/seed-067c1534/sigio/internal/sys"
)

// UnixConn is a Unix socket of the networks unix, unixgram or unixpacket, with the
// methods of *net.UnixConn but those for out-of-band data.
type UnixConn struct {
	conn
	datagrams bool
}

var (
	_ net.Conn       = (*UnixConn)(nil)
	_ net.PacketConn = (*UnixConn)(nil)
	_ syscall.Conn   = (*UnixConn)(nil)
)

// CloseRead shuts down the reading side (shutdown(2)).
func (c *UnixConn) CloseRead() error { return c.shutdown(sys.ShutRead) }

// CloseWrite shuts down the writing side (shutdown(2)).
func (c *UnixConn) CloseWrite() error { return c.shutdown(sys.ShutWrite) }

// ReadFrom reads one datagram, cut to the size of b, and returns its sender, nil if
// that has no name (net.PacketConn). It waits as Read does.
func (c *UnixConn) ReadFrom(b []byte) (n int, from net.Addr, err error) {
	n, sender, err := c.ReadFromUnix(b)
	if sender != nil {
		from = sender
	}
	return n, from, err
}

// ReadFromUnix is ReadFrom with an address of a type of its own.
func (c *UnixConn) ReadFromUnix(b []byte) (n int, from *net.UnixAddr, err error) {
	var name string
	err = c.d.read(func(fd int) (err error) {
		n, name, err = sys.RecvFromUnix(fd, b)
		return err
	})
	if err != nil {
		return 0, nil, c.opError("read", named("recvfrom", err))
	}
	if name != "" {
		from = &net.UnixAddr{Name: name, Net: c.net}
	}
	return n, from, nil
}

// WriteTo sends one datagram to a *net.UnixAddr (net.PacketConn). While the receiver's
// queue is full it waits, as Write does; no signal tells the end of that, so the loop
// looks from time to time (see sigio.Watch.WantWrite).
func (c *UnixConn) WriteTo(b []byte, to net.Addr) (int, error) {
	addr, ok := to.(*net.UnixAddr)
	if !ok {
		return 0, c.toError(to, syscall.EINVAL)
	}
	return c.WriteToUnix(b, addr)
}

// WriteToUnix is WriteTo with an address of a type of its own.
func (c *UnixConn) WriteToUnix(b []byte, to *net.UnixAddr) (n int, err error) {
	switch {
	case c.datagrams && c.remote != nil:
		err = net.ErrWriteToConnected
	case to == nil:
		return 0, c.toError(nil, errMissingAddress)
	case to.Net != c.net:
		err = syscall.EAFNOSUPPORT
	default:
		err = c.d.write(func(fd int) (err error) {
			n, err = sys.SendToUnix(fd, b, to.Name)
			return err
		})
	}
	if err != nil {
		return 0, c.toError(to, named("sendto", err))
	}
	return n, nil
}

func (c *UnixConn) toError(to net.Addr, err error) error {
	return &net.OpError{Op: "write", Net: c.net, Source: c.local, Addr: to, Err: err}
}
