package netconn

import (
	"context"
	"net"
	"net/netip"
	"strconv"

	"github.com/seed-067c1534/sigio/internal/sys"
)

// network is a network's name, taken apart.
type network struct {
	name    string
	kind    sys.Network
	version int // of IP: 4, 6, or 0 for both
}

func parseNetwork(name string) (network, error) {
	n := network{name: name}
	base := name
	if last := len(name) - 1; last > 0 && (name[last] == '4' || name[last] == '6') {
		n.version = int(name[last] - '0')
		base = name[:last]
	}
	switch base {
	case "tcp":
		n.kind = sys.TCP
		return n, nil
	case "udp":
		n.kind = sys.UDP
		return n, nil
	}
	switch name {
	case "unix":
		n.kind = sys.UnixStream
	case "unixgram":
		n.kind = sys.UnixDatagram
	case "unixpacket":
		n.kind = sys.UnixSeqpacket
	default:
		return n, net.UnknownNetworkError(name)
	}
	return n, nil
}

func (n network) inet() bool { return n.kind == sys.TCP || n.kind == sys.UDP }

// fits says whether an address is one of the network's.
func (n network) fits(ip netip.Addr) bool {
	return n.version == 0 || n.version == 4 == ip.Is4()
}

// wildcard is the address that means all of this host's.
func wildcard(v6 bool) netip.Addr {
	if v6 {
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}

// resolve turns "host:port" into the network's addresses, in the resolver's order. An
// empty host is one invalid address.
func (c *Config) resolve(ctx context.Context, n network, address string) ([]netip.AddrPort, error) {
	if address == "" {
		return []netip.AddrPort{{}}, nil
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	number, err := c.resolver().LookupPort(ctx, n.name, service)
	if err != nil {
		return nil, err
	}
	port := uint16(number)
	if host == "" {
		return []netip.AddrPort{netip.AddrPortFrom(netip.Addr{}, port)}, nil
	}
	ips, err := c.lookup(ctx, n, host)
	if err != nil {
		return nil, err
	}
	var all []netip.AddrPort
	for _, ip := range ips {
		if ip = ip.Unmap(); n.fits(ip) {
			all = append(all, netip.AddrPortFrom(ip, port))
		}
	}
	if len(all) == 0 {
		return nil, &net.AddrError{Err: "no suitable address found", Addr: host}
	}
	return all, nil
}

func (c *Config) lookup(ctx context.Context, n network, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	family := "ip"
	if n.version != 0 {
		family += strconv.Itoa(n.version)
	}
	return c.resolver().LookupNetIP(ctx, family, host)
}

// inetAddr makes an address of the network's type.
func (n network) inetAddr(a netip.AddrPort) net.Addr {
	if a = withZoneName(a); n.kind == sys.UDP {
		return net.UDPAddrFromAddrPort(a)
	}
	return net.TCPAddrFromAddrPort(a)
}

// local returns the address that a socket is bound to.
func (n network) local(fd int) net.Addr { return n.addr(fd, sys.LocalAddr, sys.LocalName) }

// remote returns the address that it is connected to, or nil.
func (n network) remote(fd int) net.Addr { return n.addr(fd, sys.PeerAddr, sys.PeerName) }

func (n network) addr(fd int, inet func(int) (netip.AddrPort, error), name func(int) (string, error)) net.Addr {
	if !n.inet() {
		if s, err := name(fd); err == nil {
			return &net.UnixAddr{Name: s, Net: n.name}
		}
		return nil
	}
	if a, err := inet(fd); err == nil {
		return n.inetAddr(a)
	}
	return nil
}

// withZoneName turns the number of a zone, as the kernel has it, into the interface's
// name.
func withZoneName(a netip.AddrPort) netip.AddrPort {
	zone := a.Addr().Zone()
	if zone == "" {
		return a
	}
	number, err := strconv.Atoi(zone)
	if err != nil {
		return a
	}
	device, err := net.InterfaceByIndex(number)
	if err != nil {
		return a
	}
	return netip.AddrPortFrom(a.Addr().WithZone(device.Name), a.Port())
}

// open makes the connection of a descriptor.
func (n network) open(d *descriptor, local, remote net.Addr) net.Conn {
	c := conn{d: d, net: n.name, stream: n.kind != sys.UDP && n.kind != sys.UnixDatagram, local: local, remote: remote}
	switch n.kind {
	case sys.UDP:
		return &UDPConn{conn: c}
	case sys.UnixStream, sys.UnixSeqpacket, sys.UnixDatagram:
		return &UnixConn{c, n.kind == sys.UnixDatagram}
	}
	return &TCPConn{c}
}
