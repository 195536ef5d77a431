package netconn

import (
	"net"
	"os"
	"syscall"

	"github.com/seed-067c1534/sigio/internal/sys"
)

// FileConn makes a connection of a socket that came as a file, from another process
// for instance. The connection has a descriptor of its own; f stays the caller's to
// close. Both are one open file description, which FileConn makes non-blocking. It must
// not be watched by a loop elsewhere. The error is a *net.OpError; what is no socket, or
// one that listens, is none.
func (c *Config) FileConn(f *os.File) (net.Conn, error) {
	conn, err := c.adopt(f, false)
	if err != nil {
		return nil, fileError(f, err)
	}
	return conn, nil
}

// FilePacketConn is FileConn for a datagram socket that is not connected.
func (c *Config) FilePacketConn(f *os.File) (net.PacketConn, error) {
	conn, err := c.adopt(f, false)
	if err != nil {
		return nil, fileError(f, err)
	}
	packets, ok := conn.(net.PacketConn)
	if !ok {
		conn.Close()
		return nil, fileError(f, syscall.EINVAL)
	}
	return packets, nil
}

// FileListener is FileConn for a socket that listens, such as one from systemd. Close
// does not remove the file of a Unix socket.
func (c *Config) FileListener(f *os.File) (net.Listener, error) {
	l, err := c.adoptListener(f)
	if err != nil {
		return nil, fileError(f, err)
	}
	return l, nil
}

func fileError(f *os.File, err error) error {
	return &net.OpError{Op: "file", Net: "file+net", Source: fileAddr(f.Name()), Err: err}
}

type fileAddr string

func (fileAddr) Network() string  { return "file+net" }
func (f fileAddr) String() string { return string(f) }

// FromConn takes over a connection of another package, such as a *net.TCPConn or
// *net.UnixConn: anything with a SyscallConn. What it returns has a descriptor of its
// own, and old is closed, since the two must not be watched in two places. If there is
// an error, old is as it was.
func (c *Config) FromConn(old net.Conn) (net.Conn, error) {
	s, ok := old.(syscall.Conn)
	if !ok {
		return nil, errNotPlain
	}
	conn, err := c.adopt(s, false)
	if err != nil {
		return nil, &net.OpError{Op: "file", Net: old.LocalAddr().Network(), Source: old.LocalAddr(), Addr: old.RemoteAddr(), Err: err}
	}
	old.Close()
	return conn, nil
}

// FromListener is FromConn for a listener. Close of the new one removes the file of a
// Unix socket, as the old one would have done.
func (c *Config) FromListener(old net.Listener) (net.Listener, error) {
	s, ok := old.(syscall.Conn)
	if !ok {
		return nil, errNotPlain
	}
	l, err := c.adoptListener(s)
	if err != nil {
		return nil, &net.OpError{Op: "file", Net: old.Addr().Network(), Addr: old.Addr(), Err: err}
	}
	if u, ok := old.(interface{ SetUnlinkOnClose(bool) }); ok {
		u.SetUnlinkOnClose(false)
		l.unlink.Store(true)
	}
	old.Close()
	return l, nil
}

func (c *Config) adopt(s syscall.Conn, listening bool) (net.Conn, error) {
	d, n, err := c.duplicate(s, listening)
	if err != nil {
		return nil, err
	}
	if n.kind == sys.TCP {
		c.setTCPDefaults(d.fd)
	}
	return n.open(d, n.local(d.fd), n.remote(d.fd)), nil
}

func (c *Config) adoptListener(s syscall.Conn) (*Listener, error) {
	d, n, err := c.duplicate(s, true)
	if err != nil {
		return nil, err
	}
	l := newListener(*c, n, d)
	l.each = n.kind == sys.TCP // its own options are its owner's
	return l, nil
}

// duplicate makes a descriptor for the socket of s, if that is of the right kind.
func (c *Config) duplicate(s syscall.Conn, listening bool) (*descriptor, network, error) {
	if len(c.Loops) == 0 {
		return nil, network{}, errNoLoop
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return nil, network{}, err
	}
	fd := -1
	var failed error
	if err := raw.Control(func(old uintptr) { fd, failed = sys.Dup(int(old)) }); err != nil {
		return nil, network{}, err
	}
	if failed != nil {
		return nil, network{}, failed
	}
	kind, listens, err := sys.Kind(fd)
	if err == nil && listens != listening {
		err = syscall.EINVAL
	}
	if err == nil {
		err = sys.SetNonblock(fd)
	}
	if err != nil {
		sys.Close(fd)
		return nil, network{}, err
	}
	name := kind.String()
	if kind == sys.MPTCP { // which is TCP in all that matters here
		kind, name = sys.TCP, "tcp"
	}
	return newDescriptor(fd, c.loop(fd)), network{name: name, kind: kind}, nil
}
