package sys

import (
	"encoding/binary"
	"net/netip"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// JoinGroup makes a UDP socket receive what is sent to a multicast group at an
// interface, 0 for the one that the routes choose (ip(7) IP_ADD_MEMBERSHIP, ipv6(7)
// IPV6_ADD_MEMBERSHIP). Without IP_MULTICAST_ALL or its like for IPv6, the groups
// that other sockets have joined do not count.
func JoinGroup(fd int, group netip.Addr, ifindex int) error {
	if group.Is4() {
		if err := setInt(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_ALL, 0); err != nil {
			return err
		}
		m := unix.IPMreqn{Multiaddr: group.As4(), Ifindex: int32(ifindex)}
		return os.NewSyscallError("setsockopt", unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, unix.IP_ADD_MEMBERSHIP, &m))
	}
	_ = setInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_ALL, 0) // since Linux 4.20
	m := unix.IPv6Mreq{Multiaddr: group.As16(), Interface: uint32(ifindex)}
	return os.NewSyscallError("setsockopt", unix.SetsockoptIPv6Mreq(fd, unix.IPPROTO_IPV6, unix.IPV6_JOIN_GROUP, &m))
}

// ListenGroup makes a UDP socket bound to a multicast group. Other sockets may be
// bound to it as well: each of them gets every datagram (SO_REUSEADDR, socket(7)).
func ListenGroup(addr netip.AddrPort) (fd int, err error) {
	v6 := addr.Addr().Is6()
	if fd, err = Socket(UDP, v6); err != nil {
		return -1, err
	}
	err = ReuseAddress(fd)
	if err == nil && v6 {
		err = SetV6Only(fd, true)
	}
	if err == nil {
		err = Bind(fd, addr)
	}
	if err != nil {
		_ = Close(fd)
		return -1, err
	}
	return fd, nil
}

// SetUserTimeout bounds how long sent data, a keep-alive probe among it, may stay
// unacknowledged before the connection ends (TCP_USER_TIMEOUT, tcp(7)).
func SetUserTimeout(fd int, d time.Duration) error {
	return setInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d/time.Millisecond))
}

// StampArrival makes the kernel tell when each datagram arrived (SO_TIMESTAMPNS,
// socket(7)); DatagramBatch.Arrival reads it.
func StampArrival(fd int) error {
	if setInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS_NEW, 1) == nil { // since Linux 5.1
		return nil
	}
	return setInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
}

// Arrival is when the i-th datagram of the last Receive arrived, if StampArrival was
// called.
func (b *DatagramBatch) Arrival(i int) (at time.Time, ok bool) {
	h := &b.headers[i].Hdr
	rest := b.control[i*controlSize:][:min(int(h.Controllen), controlSize)]
	for len(rest) >= unix.SizeofCmsghdr {
		c := (*unix.Cmsghdr)(unsafe.Pointer(&rest[0]))
		size := int(c.Len)
		if size < unix.SizeofCmsghdr || size > len(rest) {
			break
		}
		data := rest[unix.CmsgLen(0):size]
		switch {
		case c.Level != unix.SOL_SOCKET || c.Type != unix.SO_TIMESTAMPNS_NEW && c.Type != unix.SO_TIMESTAMPNS:
		case len(data) == 16: // two 64-bit numbers
			return time.Unix(int64(binary.NativeEndian.Uint64(data)), int64(binary.NativeEndian.Uint64(data[8:]))), true
		case len(data) == 8: // the old structure of a 32-bit system
			return time.Unix(int64(int32(binary.NativeEndian.Uint32(data))), int64(binary.NativeEndian.Uint32(data[4:]))), true
		}
		rest = rest[min(unix.CmsgSpace(size-unix.CmsgLen(0)), len(rest)):]
	}
	return time.Time{}, false
}
