package netconn

import (
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio/internal/sys"
)

// conn is what all kinds of connections have in common. Its methods may be called
// from any goroutine but a loop's own; reads wait for each other, and so do writes.
type conn struct {
	d             *descriptor
	net           string
	stream        bool // a read of nothing is the end
	local, remote net.Addr
}

// chunk is the most that one system call moves. The calls are not told to the Go
// scheduler, and so must not take long.
const chunk = 256 << 10

// Read reads from the connection (net.Conn). It waits for data, the end (io.EOF), the
// read deadline (os.ErrDeadlineExceeded) or Close (net.ErrClosed).
func (c *conn) Read(b []byte) (n int, err error) {
	if len(b) > chunk && c.stream {
		b = b[:chunk]
	}
	err = c.d.read(func(fd int) (err error) {
		if len(b) == 0 && c.stream {
			return nil // a read would wait for data all the same
		}
		n, err = sys.Recv(fd, b)
		return err
	})
	if err != nil {
		return 0, c.opError("read", named("read", err))
	}
	if n == 0 && len(b) > 0 && c.stream {
		return 0, io.EOF
	}
	return n, nil
}

// Write writes all of b (net.Conn). It waits for room, the write deadline
// (os.ErrDeadlineExceeded) or Close (net.ErrClosed); with an error, n says how much
// was written.
func (c *conn) Write(b []byte) (n int, err error) {
	err = c.d.write(func(fd int) error {
		for {
			part := b[n:]
			if len(part) > chunk && c.stream {
				part = part[:chunk]
			}
			m, err := sys.Send(fd, part)
			n += m
			if err != nil {
				return err
			}
			if n == len(b) {
				return nil
			}
			if m == 0 {
				return io.ErrUnexpectedEOF
			}
			if err := c.d.waiter.PrepareWrite(); err != nil {
				return err // the deadline, or Close, in the middle of much data
			}
		}
	})
	if err != nil {
		return n, c.opError("write", named("write", err))
	}
	return n, nil
}

// WriteBuffers writes all of v with as few system calls as it takes (writev), and
// consumes it: like net.Buffers.WriteTo, which does that for package net's own types
// only and calls Write for each buffer of others.
func (c *conn) WriteBuffers(v *net.Buffers) (n int64, err error) {
	err = c.d.write(func(fd int) error {
		for len(*v) > 0 {
			m, err := sys.SendVector(fd, *v)
			if err != nil {
				return err
			}
			n += int64(m)
			consume(v, m)
			if err := c.d.waiter.PrepareWrite(); err != nil && len(*v) > 0 {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return n, c.opError("write", named("writev", err))
	}
	return n, nil
}

// consume takes n bytes away from the front of v, and what is empty then.
func consume(v *net.Buffers, n int) {
	for len(*v) > 0 {
		first := (*v)[0]
		if len(first) > n {
			(*v)[0] = first[n:]
			return
		}
		n -= len(first)
		(*v)[0] = nil
		*v = (*v)[1:]
	}
}

// Close ends every operation with net.ErrClosed and closes the connection
// (net.Conn). It returns when the descriptor is closed. A second call returns
// net.ErrClosed.
func (c *conn) Close() error {
	if err := c.d.close(); err != nil {
		return c.opError("close", named("close", err))
	}
	return nil
}

// LocalAddr returns the address of this end (net.Conn), also after Close.
func (c *conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the address of the other end (net.Conn), nil for a socket that
// is not connected.
func (c *conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline is SetReadDeadline and SetWriteDeadline (net.Conn).
func (c *conn) SetDeadline(t time.Time) error {
	return c.set(func(int) error {
		c.d.waiter.SetReadDeadline(t)
		c.d.waiter.SetWriteDeadline(t)
		return nil
	})
}

// SetReadDeadline makes reads end at t, the one that waits included, with an error
// that is os.ErrDeadlineExceeded and whose Timeout is true; never, if t is zero
// (net.Conn).
func (c *conn) SetReadDeadline(t time.Time) error {
	return c.set(func(int) error { c.d.waiter.SetReadDeadline(t); return nil })
}

// SetWriteDeadline is SetReadDeadline for writes.
func (c *conn) SetWriteDeadline(t time.Time) error {
	return c.set(func(int) error { c.d.waiter.SetWriteDeadline(t); return nil })
}

// SetReadBuffer sets the size of the kernel's receive buffer (SO_RCVBUF, socket(7)).
func (c *conn) SetReadBuffer(bytes int) error {
	return c.set(func(fd int) error { _, err := sys.SetReceiveBuffer(fd, bytes); return err })
}

// SetWriteBuffer sets the size of the kernel's send buffer (SO_SNDBUF, socket(7)).
func (c *conn) SetWriteBuffer(bytes int) error {
	return c.set(func(fd int) error { _, err := sys.SetSendBuffer(fd, bytes); return err })
}

// SyscallConn gives the descriptor to functions (syscall.Conn). They must not use it
// after they have returned, close it, or change its owner, signal or flags (fcntl(2)).
// Read and Write call theirs again after each event until it returns true. The error is
// nil, also after Close, when the RawConn's own methods return net.ErrClosed.
func (c *conn) SyscallConn() (syscall.RawConn, error) {
	return rawConn{c.d, c.net, c.local, c.remote}, nil
}

// File returns a second descriptor of the connection, which is the caller's to close
// and keeps it open after Close. Both are one open file description: the file must
// not be made blocking (its Fd method does that), and must not be watched by a loop
// before the connection is closed.
func (c *conn) File() (*os.File, error) {
	f, err := c.d.file(c.net)
	if err != nil {
		return nil, &net.OpError{Op: "file", Net: c.net, Source: c.local, Addr: c.remote, Err: err}
	}
	return f, nil
}

func (d *descriptor) file(name string) (f *os.File, err error) {
	err = d.control(func(fd int) error {
		dup, err := sys.Dup(fd)
		if err == nil {
			f = os.NewFile(uintptr(dup), name)
		}
		return err
	})
	return f, err
}

func (c *conn) set(f func(fd int) error) error {
	if err := c.d.control(f); err != nil {
		return &net.OpError{Op: "set", Net: c.net, Addr: c.local, Err: err}
	}
	return nil
}

// option is set with the errors that package net has for options of TCP.
func (c *conn) option(f func(fd int) error) error {
	if err := c.d.control(f); err != nil {
		return c.opError("set", err)
	}
	return nil
}

func (c *conn) shutdown(how sys.How) error {
	err := c.d.control(func(fd int) error { return sys.Shutdown(fd, how) })
	if err != nil {
		return c.opError("close", named("shutdown", err))
	}
	return nil
}

func (c *conn) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: c.net, Source: c.local, Addr: c.remote, Err: err}
}
