package sys

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// LocalAddr returns the address that an Internet socket is bound to
// (getsockname(2)), and the zero AddrPort for other sockets.
func LocalAddr(fd int) (netip.AddrPort, error) {
	return sockname(fd, "getsockname", unix.SYS_GETSOCKNAME)
}

// PeerAddr returns the address that an Internet socket is connected to
// (getpeername(2)), and the zero AddrPort for other sockets.
func PeerAddr(fd int) (netip.AddrPort, error) {
	return sockname(fd, "getpeername", unix.SYS_GETPEERNAME)
}

func sockname(fd int, name string, trap uintptr) (netip.AddrPort, error) {
	var sa unix.RawSockaddrAny
	n := uint32(unix.SizeofSockaddrAny)
	_, _, e := syscall.RawSyscall(trap, uintptr(fd), uintptr(unsafe.Pointer(&sa)), uintptr(unsafe.Pointer(&n)))
	if e != 0 {
		return netip.AddrPort{}, os.NewSyscallError(name, e)
	}
	return decodeAddr(&sa), nil
}

// decodeAddr reads an address that the kernel wrote. IPv4 peers of an IPv6
// socket come out as plain IPv4: both forms can be sent to. Families without
// address and port give the zero AddrPort. It does not allocate, except for
// the first sight of a link-local scope.
func decodeAddr(sa *unix.RawSockaddrAny) netip.AddrPort {
	switch sa.Addr.Family {
	case unix.AF_INET:
		in := (*unix.RawSockaddrInet4)(unsafe.Pointer(sa))
		return netip.AddrPortFrom(netip.AddrFrom4(in.Addr), hostPort(&in.Port))
	case unix.AF_INET6:
		in := (*unix.RawSockaddrInet6)(unsafe.Pointer(sa))
		ip := netip.AddrFrom16(in.Addr).Unmap()
		if in.Scope_id != 0 {
			ip = ip.WithZone(strconv.FormatUint(uint64(in.Scope_id), 10))
		}
		return netip.AddrPortFrom(ip, hostPort(&in.Port))
	}
	return netip.AddrPort{}
}

// encodeAddr writes addr as the kernel wants it and returns the length; zero
// for an invalid address or a zone that no interface has.
func encodeAddr(sa *unix.RawSockaddrAny, addr netip.AddrPort) uintptr {
	ip := addr.Addr().Unmap()
	switch {
	case ip.Is4():
		in := (*unix.RawSockaddrInet4)(unsafe.Pointer(sa))
		*in = unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: ip.As4()}
		setPort(&in.Port, addr.Port())
		return unix.SizeofSockaddrInet4
	case ip.Is6():
		in := (*unix.RawSockaddrInet6)(unsafe.Pointer(sa))
		*in = unix.RawSockaddrInet6{Family: unix.AF_INET6, Addr: ip.As16()}
		if zone := ip.Zone(); zone != "" {
			id, err := scope(zone)
			if err != nil {
				return 0
			}
			in.Scope_id = id
		}
		setPort(&in.Port, addr.Port())
		return unix.SizeofSockaddrInet6
	}
	return 0
}

// sockaddr is for the set-up calls, where an allocation does not matter and an
// error in words does.
func sockaddr(addr netip.AddrPort) (unix.Sockaddr, error) {
	ip := addr.Addr().Unmap()
	switch {
	case ip.Is4():
		return &unix.SockaddrInet4{Port: int(addr.Port()), Addr: ip.As4()}, nil
	case ip.Is6():
		sa := &unix.SockaddrInet6{Port: int(addr.Port()), Addr: ip.As16()}
		if zone := ip.Zone(); zone != "" {
			id, err := scope(zone)
			if err != nil {
				return nil, err
			}
			sa.ZoneId = id
		}
		return sa, nil
	}
	return nil, fmt.Errorf("invalid address %v: %w", addr, syscall.EINVAL)
}

// scope turns a zone, the number or the name of an interface, into its number.
func scope(zone string) (uint32, error) {
	if id, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(id), nil
	}
	ifi, err := net.InterfaceByName(zone)
	if err != nil {
		return 0, err
	}
	return uint32(ifi.Index), nil
}

// The port is in network byte order on every machine, the rest of the structure
// in the machine's own.
func hostPort(p *uint16) uint16 { return binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(p))[:]) }

func setPort(p *uint16, port uint16) {
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(p))[:], port)
}
