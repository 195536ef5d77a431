package service

import (
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/seed-067c1534/sigio/bench/peer"
)

// Turn is how the loops that work with bare descriptors serve one: with the same
// system calls, so that only the notification differs. It belongs to one thread.
type Turn struct {
	echo bool
	sink *Sink
	buf  []byte
}

// NewTurn makes a Turn for a role, with a buffer that all connections share.
func NewTurn(c peer.Config) (*Turn, error) {
	t := &Turn{echo: c.Role == peer.EchoTCP, buf: make([]byte, 64<<10)}
	var err error
	if !t.echo {
		t.sink, err = OpenSink(c.File, c.Flush)
	}
	return t, err
}

// State is what a read has left.
type State int

const (
	Empty State = iota // nothing was there
	Short              // all that was there has been read; the end may follow
	Full               // there may be more
	Over               // the connection is over and is to be closed
)

// Read reads once and serves what came.
func (t *Turn) Read(fd int, c *Stream) State {
	r, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&t.buf[0])),
		uintptr(len(t.buf)), unix.MSG_DONTWAIT, 0, 0)
	n := int(r)
	switch {
	case errno == syscall.EAGAIN:
		return Empty
	case errno == syscall.EINTR:
		return Full
	case errno != 0 || n == 0:
		if !t.echo {
			t.sink.Finish(c)
		}
		return Over
	case t.echo:
		send(fd, t.buf[:n])
	default:
		t.sink.Feed(c, t.buf[:n])
	}
	if n < len(t.buf) {
		return Short
	}
	return Full
}

// send writes a reply. The loads never have so much under way on a connection
// that it would not fit; a yardstick need not be able to wait for room.
func send(fd int, p []byte) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&p[0])),
		uintptr(len(p)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
	if errno == syscall.ECONNRESET || errno == syscall.EPIPE {
		return // the next read says so, too
	}
	if errno != 0 || int(n) < len(p) {
		Fatal(fmt.Errorf("a reply of %d bytes found room for %d: %v", len(p), int(n), errno))
	}
}

// Begin reads a connection that was just accepted until there is nothing more, so
// that one which is over already need not be waited for at all.
func (t *Turn) Begin(fd int, c *Stream) State {
	for {
		if s := t.Read(fd, c); s == Empty || s == Over {
			return s
		}
	}
}

// Accept takes a connection, which does not block. It returns -1 if there is none.
func Accept(listener int) int {
	for {
		fd, _, errno := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(listener), 0, 0, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
		switch errno {
		case 0:
			return int(fd)
		case syscall.EAGAIN:
			return -1
		case syscall.EINTR, syscall.ECONNABORTED:
		default:
			Fatal(fmt.Errorf("accept: %w", errno))
		}
	}
}

// Close closes a descriptor.
func Close(fd int) { syscall.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0) }
