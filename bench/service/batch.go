package service

import (
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/seed-067c1534/sigio/bench/peer"
)

const (
	// BatchSize is how many datagrams are taken by one call of recvmmsg(2), by
	// every contestant that can take several.
	BatchSize = 64
	// SlotSize is the room for one; the loads send much less.
	SlotSize = 2048
)

// Batch serves datagrams, many in one system call. It belongs to one thread.
type Batch struct {
	sink    *Sink // nil: echo
	headers [BatchSize]unix.Mmsghdr
	vectors [BatchSize]unix.Iovec
	names   [BatchSize]unix.RawSockaddrInet4
	data    [BatchSize][SlotSize]byte
}

// NewBatch makes a Batch for a role.
func NewBatch(c peer.Config) (b *Batch, err error) {
	b = new(Batch)
	if c.Role == peer.SinkUDP {
		if b.sink, err = OpenSink(c.File, c.Flush); err != nil {
			return nil, err
		}
	}
	for i := range b.headers {
		b.vectors[i].Base = &b.data[i][0]
		h := &b.headers[i].Hdr
		h.Iov = &b.vectors[i]
		h.SetIovlen(1)
		b.vectors[i].SetLen(SlotSize)
		if b.sink == nil {
			h.Name = (*byte)(unsafe.Pointer(&b.names[i]))
			h.Namelen = unix.SizeofSockaddrInet4
		}
	}
	return b, nil
}

// Read takes what is there, at most a batch, without waiting, and serves it. It
// returns Empty, Short or Full.
func (b *Batch) Read(fd int) State {
	n, _, errno := syscall.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&b.headers[0])),
		BatchSize, unix.MSG_DONTWAIT, 0, 0)
	return b.take(fd, int(n), errno)
}

// Wait is Read for a socket that blocks: it waits for the first datagram.
func (b *Batch) Wait(fd int) State {
	n, _, errno := syscall.Syscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&b.headers[0])),
		BatchSize, unix.MSG_WAITFORONE, 0, 0)
	return b.take(fd, int(n), errno)
}

func (b *Batch) take(fd, n int, errno syscall.Errno) State {
	switch errno {
	case 0:
	case syscall.EAGAIN:
		return Empty
	case syscall.EINTR, syscall.ECONNREFUSED: // the latter is about an earlier reply
		return Full
	default:
		Fatal(fmt.Errorf("recvmmsg: %w", errno))
	}
	if b.sink != nil {
		b.sink.Begin()
		for i := range n {
			b.sink.Line(b.data[i][:b.headers[i].Len])
		}
		b.sink.End()
	} else {
		b.reply(fd, n)
	}
	if n < BatchSize {
		return Short
	}
	return Full
}

// reply sends n datagrams back, and makes their slots ready again. One that finds no
// room is dropped, as UDP does.
func (b *Batch) reply(fd, n int) {
	for i := range n {
		b.vectors[i].SetLen(int(b.headers[i].Len))
	}
	for sent := 0; sent < n; {
		r, _, errno := syscall.RawSyscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&b.headers[sent])),
			uintptr(n-sent), unix.MSG_DONTWAIT, 0, 0)
		switch {
		case errno == syscall.EINTR:
		case errno != 0:
			sent++
		default:
			sent += int(r)
		}
	}
	for i := range n {
		b.vectors[i].SetLen(SlotSize)
	}
}

func init() {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		panic("bench: its programs count on 64-bit structures")
	}
}
