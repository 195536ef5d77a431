// Package uring is an io_uring loop in Go as small as it can be written: multishot
// accept and receive into provided buffers, replies sent from the same buffers. It
// is no readiness loop, but what Linux offers instead of one.
package uring

import (
	"fmt"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/seed-067c1534/sigio/bench/peer"
	"github.com/seed-067c1534/sigio/bench/service"
)

var Contestant = peer.Contestant{
	Name:    "uring",
	About:   "a raw io_uring loop, multishot, provided buffers",
	Roles:   []peer.Role{peer.EchoTCP, peer.EchoUDP, peer.SinkTCP, peer.SinkUDP},
	Serve:   serve,
	Package: "github.com/seed-067c1534/sigio/bench/peer/uring",
	Missing: missing,
}

func missing() string {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	r, err := newRing()
	if err != nil {
		return "this kernel does not allow it: " + err.Error()
	}
	unix.Close(r.fd)
	return ""
}

type server struct {
	*ring
	role    peer.Role
	sink    *service.Sink
	fd      int
	streams []*service.Stream // by descriptor number

	ask     unix.Msghdr // for recvmsg: how much room for a name
	replies []unix.Msghdr
	vectors []unix.Iovec
}

// What user_data says: the operation in the upper byte, then the buffer, then the
// descriptor.
func token(op uint8, id uint16, fd int) uint64 {
	return uint64(op)<<56 | uint64(id)<<32 | uint64(uint32(fd))
}

func serve(c peer.Config) error {
	if err := c.Options.Check(); err != nil {
		return err
	}
	runtime.LockOSThread()
	r, err := newRing()
	if err != nil {
		return err
	}
	s := &server{ring: r, role: c.Role, streams: make([]*service.Stream, 1<<16)}
	if s.fd, err = service.Listen(c); err != nil {
		return err
	}
	if c.Role == peer.SinkTCP || c.Role == peer.SinkUDP {
		if s.sink, err = service.OpenSink(c.File, c.Flush); err != nil {
			return err
		}
	}
	switch c.Role {
	case peer.SinkUDP:
		s.receive(s.fd)
	case peer.EchoUDP:
		s.ask.Namelen = unix.SizeofSockaddrInet4
		s.replies, s.vectors = make([]unix.Msghdr, buffers), make([]unix.Iovec, buffers)
		s.receiveMessages()
	default:
		s.accept()
	}
	for {
		s.each(s.completed)
	}
}

func (s *server) accept() {
	e := s.next()
	e.op, e.fd, e.ioprio, e.userData = opAccept, int32(s.fd), acceptMultishot, token(opAccept, 0, s.fd)
	e.opFlags = unix.SOCK_CLOEXEC
}

func (s *server) receive(fd int) {
	e := s.next()
	e.op, e.fd, e.ioprio, e.flags, e.userData = opRecv, int32(fd), recvMultishot, sqeBufferSelect, token(opRecv, 0, fd)
}

func (s *server) receiveMessages() {
	e := s.next()
	e.op, e.fd, e.ioprio, e.flags, e.userData = opRecvmsg, int32(s.fd), recvMultishot, sqeBufferSelect, token(opRecvmsg, 0, s.fd)
	e.addr, e.len = uint64(uintptr(unsafe.Pointer(&s.ask))), 1
}

func (s *server) completed(c *cqe) {
	fd, id := int(uint32(c.userData)), uint16(c.userData>>32)
	if c.flags&cqeBuffer != 0 {
		id = uint16(c.flags >> 16)
	}
	switch op := c.userData >> 56; op {
	case opAccept:
		if c.res >= 0 {
			s.streams[c.res] = new(service.Stream)
			s.receive(int(c.res))
		}
		if c.flags&cqeMore == 0 {
			s.accept()
		}
	case opRecv:
		s.received(fd, id, c)
	case opRecvmsg:
		s.receivedMessage(id, c)
	case opSend, opSendmsg:
		s.giveBack(id)
		if c.res < 0 && syscall.Errno(-c.res) != syscall.ECONNRESET && syscall.Errno(-c.res) != syscall.EPIPE {
			service.Fatal(fmt.Errorf("send: %w", syscall.Errno(-c.res)))
		}
	}
}

func (s *server) received(fd int, id uint16, c *cqe) {
	datagram := s.role == peer.SinkUDP
	switch {
	case c.res == -int32(syscall.ENOBUFS), c.res == 0 && datagram:
	case c.res <= 0:
		if c.flags&cqeBuffer != 0 {
			s.giveBack(id)
		}
		if s.sink != nil {
			s.sink.Finish(s.streams[fd])
		}
		service.Close(fd)
		return
	case s.role == peer.EchoTCP:
		e := s.next()
		e.op, e.fd, e.opFlags, e.userData = opSend, int32(fd), unix.MSG_WAITALL|unix.MSG_NOSIGNAL, token(opSend, id, fd)
		e.addr, e.len = uint64(uintptr(unsafe.Pointer(&s.buffer(id)[0]))), uint32(c.res)
	default:
		if data := s.buffer(id)[:c.res]; datagram {
			s.sink.Begin()
			s.sink.Line(data)
			s.sink.End()
		} else {
			s.sink.Feed(s.streams[fd], data)
		}
		s.giveBack(id)
	}
	if c.flags&cqeMore == 0 {
		s.receive(fd)
	}
}

// receivedMessage sends a datagram back. The buffer holds struct
// io_uring_recvmsg_out, 16 bytes, then the name, then the payload.
func (s *server) receivedMessage(id uint16, c *cqe) {
	const header = 16
	if c.res >= header+unix.SizeofSockaddrInet4 {
		data := s.buffer(id)[header:c.res]
		v, m := &s.vectors[id], &s.replies[id]
		v.Base = &data[unix.SizeofSockaddrInet4]
		v.SetLen(len(data) - unix.SizeofSockaddrInet4)
		*m = unix.Msghdr{Name: &data[0], Namelen: unix.SizeofSockaddrInet4, Iov: v}
		m.SetIovlen(1)
		e := s.next()
		e.op, e.fd, e.len, e.userData = opSendmsg, int32(s.fd), 1, token(opSendmsg, id, s.fd)
		e.addr = uint64(uintptr(unsafe.Pointer(m)))
	} else if c.flags&cqeBuffer != 0 {
		s.giveBack(id)
	}
	if c.flags&cqeMore == 0 {
		s.receiveMessages()
	}
}
