package sys

import (
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// DatagramBatch receives many datagrams in one system call (recvmmsg(2)) into
// memory that it allocates once. It belongs to one goroutine at a time. All
// results are valid until the next Receive.
type DatagramBatch struct {
	size    int
	n       int // slots filled by the last Receive: the ones to prepare anew
	headers []unix.Mmsghdr
	vectors []unix.Iovec
	addrs   []unix.RawSockaddrAny
	control []byte
	data    []byte
}

// controlSize is the room for control messages of one datagram: the time of
// arrival needs 32 bytes, the rest is for what a socket handed to us may have
// switched on besides (drop counter, packet information).
const controlSize = 128

// NewDatagramBatch makes a batch of n datagrams of up to size bytes each; n is
// cut to 1024, what the kernel takes in one call. UDP over IPv4 carries up to
// 65,507 bytes. Memory that no datagram has reached stays untouched, so large
// slots cost address space rather than memory.
func NewDatagramBatch(n, size int) *DatagramBatch {
	n = min(max(n, 1), 1024)
	size = max(size, 1)
	b := &DatagramBatch{
		size:    size,
		n:       n,
		headers: make([]unix.Mmsghdr, n),
		vectors: make([]unix.Iovec, n),
		addrs:   make([]unix.RawSockaddrAny, n),
		control: make([]byte, n*controlSize),
		data:    make([]byte, n*size),
	}
	for i := range b.headers {
		v := &b.vectors[i]
		v.Base = &b.data[i*size]
		v.SetLen(size)
		h := &b.headers[i].Hdr
		h.Iov = v
		h.SetIovlen(1)
		h.Name = (*byte)(unsafe.Pointer(&b.addrs[i]))
		h.Control = &b.control[i*controlSize]
	}
	return b
}

// Receive takes what has arrived, at most one batch, without waiting, and
// returns the number of datagrams. n < Len means that the socket was drained
// at that moment. Errors are bare: EAGAIN when nothing is there, and the
// socket's pending error, for instance ECONNREFUSED, which this call clears.
func (b *DatagramBatch) Receive(fd int) (n int, err error) {
	// The kernel writes the lengths of the slots that it fills.
	for i := range b.headers[:b.n] {
		h := &b.headers[i].Hdr
		h.Namelen = unix.SizeofSockaddrAny
		h.SetControllen(controlSize)
		h.Flags = 0
		b.addrs[i].Addr.Family = unix.AF_UNSPEC
	}
	r, _, e := syscall.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&b.headers[0])),
		uintptr(len(b.headers)), unix.MSG_DONTWAIT, 0, 0)
	if e != 0 {
		// A failed receive may have touched the first header.
		b.n = 1
		return 0, e
	}
	b.n = int(r)
	return b.n, nil
}

// Len is the number of slots.
func (b *DatagramBatch) Len() int { return len(b.headers) }

// Payload is the i-th datagram of the last Receive, in the batch's own memory.
func (b *DatagramBatch) Payload(i int) []byte {
	start := i * b.size
	end := start + min(int(b.headers[i].Len), b.size)
	return b.data[start:end:end]
}

// Addr is the sender of the i-th datagram; zero for Unix sockets.
func (b *DatagramBatch) Addr(i int) netip.AddrPort { return decodeAddr(&b.addrs[i]) }

// Truncated reports whether the i-th datagram was longer than a slot.
func (b *DatagramBatch) Truncated(i int) bool {
	return b.headers[i].Hdr.Flags&unix.MSG_TRUNC != 0
}
