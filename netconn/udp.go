package netconn

import (
	"net"
	"net/netip"
	"syscall"

	"github.com/seed-067c1534/sigio/internal/sys"
)

// UDPConn is a UDP socket, with the methods of *net.UDPConn but those for out-of-band
// data.
type UDPConn struct{ conn }

var (
	_ net.Conn       = (*UDPConn)(nil)
	_ net.PacketConn = (*UDPConn)(nil)
	_ syscall.Conn   = (*UDPConn)(nil)
)

// ReadFrom reads one datagram, cut to the size of b, and returns its sender
// (net.PacketConn). It waits as Read does.
func (c *UDPConn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.ReadFromUDPAddrPort(b)
	if err != nil {
		return 0, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// ReadFromUDPAddrPort is ReadFrom without an allocation for the address. The address
// of an IPv4 peer is an IPv4 address, also at a socket for both.
func (c *UDPConn) ReadFromUDPAddrPort(b []byte) (n int, from netip.AddrPort, err error) {
	err = c.d.read(func(fd int) (err error) {
		n, from, err = sys.RecvFrom(fd, b)
		return err
	})
	if err != nil {
		return 0, netip.AddrPort{}, c.opError("read", named("recvfrom", err))
	}
	return n, withZoneName(from), nil
}

// WriteTo sends one datagram to a *net.UDPAddr (net.PacketConn). On a connected socket
// the error is net.ErrWriteToConnected.
func (c *UDPConn) WriteTo(b []byte, to net.Addr) (int, error) {
	addr, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, c.toError(to, syscall.EINVAL)
	}
	if addr == nil {
		return 0, c.toError(nil, errMissingAddress)
	}
	target := addr.AddrPort()
	if len(addr.IP) == 0 { // package net takes no address for this host
		target = netip.AddrPortFrom(c.loopback(), target.Port())
	}
	return c.writeTo(b, target, addr)
}

// WriteToUDPAddrPort is WriteTo without an allocation for the address.
func (c *UDPConn) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	return c.writeTo(b, to, nil)
}

func (c *UDPConn) writeTo(b []byte, to netip.AddrPort, addr net.Addr) (n int, err error) {
	if c.remote != nil {
		err = net.ErrWriteToConnected
	} else {
		err = c.d.write(func(fd int) (err error) {
			n, err = sys.SendTo(fd, b, to)
			return err
		})
	}
	if err == nil {
		return n, nil
	}
	if addr == nil {
		addr = net.UDPAddrFromAddrPort(to)
	}
	return 0, c.toError(addr, named("sendto", err))
}

func (c *UDPConn) toError(to net.Addr, err error) error {
	return &net.OpError{Op: "write", Net: c.net, Source: c.local, Addr: to, Err: err}
}

// loopback is this host, at a socket of this kind.
func (c *UDPConn) loopback() netip.Addr {
	if a, ok := c.local.(*net.UDPAddr); ok && a.IP.To4() == nil {
		return netip.IPv6Loopback()
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}
