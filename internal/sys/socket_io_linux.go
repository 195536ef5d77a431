package sys

import (
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls below run once per event, so they keep out of the way: results are
// bare syscall.Errno values, which do not allocate, and those that cannot
// block whatever state the descriptor is in (MSG_DONTWAIT) are raw system
// calls that the Go scheduler does not notice. Read, Write and Accept have no
// such flag. They go through the scheduler, so that a descriptor which a
// stranger has made blocking stops this thread only.

// Accept takes one waiting connection off a listening socket. The new
// descriptor is non-blocking and close-on-exec and belongs to the caller; peer
// is zero for Unix sockets. EAGAIN: none is waiting. ECONNABORTED and the
// network errors that accept(2) lists concern that one connection only.
func Accept(fd int) (conn int, peer netip.AddrPort, err error) {
	var sa unix.RawSockaddrAny
	n := uint32(unix.SizeofSockaddrAny)
	r, _, e := syscall.Syscall6(unix.SYS_ACCEPT4, uintptr(fd), uintptr(unsafe.Pointer(&sa)),
		uintptr(unsafe.Pointer(&n)), newFlags, 0, 0)
	if e != 0 {
		return -1, netip.AddrPort{}, e
	}
	if n == 0 {
		return int(r), netip.AddrPort{}, nil
	}
	return int(r), decodeAddr(&sa), nil
}

// Recv reads from a socket into p without waiting. n is 0 at the end of a
// stream and for an empty datagram; a datagram longer than p is cut.
func Recv(fd int, p []byte) (n int, err error) {
	r, _, e := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))),
		uintptr(len(p)), unix.MSG_DONTWAIT, 0, 0)
	if e != 0 {
		return 0, e
	}
	return int(r), nil
}

// RecvFrom is Recv with the sender's address.
func RecvFrom(fd int, p []byte) (n int, from netip.AddrPort, err error) {
	var sa unix.RawSockaddrAny
	size := uint32(unix.SizeofSockaddrAny)
	r, _, e := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))),
		uintptr(len(p)), unix.MSG_DONTWAIT, uintptr(unsafe.Pointer(&sa)), uintptr(unsafe.Pointer(&size)))
	if e != 0 {
		return 0, netip.AddrPort{}, e
	}
	if size == 0 {
		return int(r), netip.AddrPort{}, nil
	}
	return int(r), decodeAddr(&sa), nil
}

// Send writes p to a connected socket without waiting and without SIGPIPE. A
// stream may take less than all of p.
func Send(fd int, p []byte) (n int, err error) {
	return send(fd, p, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, nil, 0)
}

// SendOOB is Send with the last byte of p marked urgent (tcp(7), unix(7)).
func SendOOB(fd int, p []byte) (n int, err error) {
	return send(fd, p, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL|unix.MSG_OOB, nil, 0)
}

// SendTo sends one datagram to an Internet address. An IPv6 socket that is not
// IPv6-only takes IPv4 addresses too. EINVAL: not an address.
func SendTo(fd int, p []byte, to netip.AddrPort) (n int, err error) {
	var sa unix.RawSockaddrAny
	size := encodeAddr(&sa, to)
	if size == 0 {
		return 0, syscall.EINVAL
	}
	return send(fd, p, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, &sa, size)
}

func send(fd int, p []byte, flags uintptr, to *unix.RawSockaddrAny, size uintptr) (n int, err error) {
	r, _, e := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))),
		uintptr(len(p)), flags, uintptr(unsafe.Pointer(to)), size)
	if e != 0 {
		return 0, e
	}
	return int(r), nil
}

// RecvErrorQueue takes one entry off a socket's error queue (MSG_ERRQUEUE,
// ip(7)) and returns the length of the payload that the kernel put into p.
// EAGAIN: the queue is empty.
func RecvErrorQueue(fd int, p []byte) (n int, err error) {
	r, _, e := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))),
		uintptr(len(p)), unix.MSG_DONTWAIT|unix.MSG_ERRQUEUE, 0, 0)
	if e != 0 {
		return 0, e
	}
	return int(r), nil
}

// Read reads from any descriptor; it waits only if the descriptor is blocking.
// Errors are bare, EAGAIN included.
func Read(fd int, p []byte) (n int, err error) {
	r, _, e := syscall.Syscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	if e != 0 {
		return 0, e
	}
	return int(r), nil
}

// Write writes to any descriptor; it waits only if the descriptor is blocking
// and may take less than all of p. Errors are bare, EAGAIN included.
func Write(fd int, p []byte) (n int, err error) {
	r, _, e := syscall.Syscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	if e != 0 {
		return 0, e
	}
	return int(r), nil
}

// Close closes a descriptor. It is never repeated: on Linux the number is free
// again even after EINTR (close(2)), and may belong to someone else by then.
func Close(fd int) error {
	_, _, e := syscall.Syscall(unix.SYS_CLOSE, uintptr(fd), 0, 0)
	if e != 0 && e != syscall.EINTR {
		return e
	}
	return nil
}
