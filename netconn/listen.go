package netconn

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"

	"github.com/seed-067c1534/sigio/internal/sys"
)

// Listen listens on a stream network: tcp, tcp4, tcp6, unix or unixpacket. Address is
// as for net.Listen: without a host, or with an unspecified one, it means all of this
// host's addresses, IPv6 and IPv4 for "tcp"; port 0 lets the kernel choose. A name is
// looked up within ctx, which matters to nothing else. The result is a *Listener; the
// error a *net.OpError.
func (c *Config) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	l, err := c.listen(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return l, nil
}

func (c *Config) listen(ctx context.Context, name, address string) (*Listener, error) {
	n, err := parseNetwork(name)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: name, Err: err}
	}
	d, err := c.bound(ctx, n, address, false)
	if err != nil {
		return nil, err
	}
	l := newListener(*c, n, d)
	l.unlink.Store(true)
	return l, nil
}

// ListenPacket opens a socket for datagrams: udp, udp4, udp6 or unixgram. Address is
// as for Listen. The result is a *UDPConn or a *UnixConn; the error a *net.OpError.
func (c *Config) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	n, err := parseNetwork(network)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	d, err := c.bound(ctx, n, address, true)
	if err != nil {
		return nil, err
	}
	return n.open(d, n.local(d.fd), nil).(net.PacketConn), nil
}

// bound makes a socket that is bound to address, and listens if it is a stream.
func (c *Config) bound(ctx context.Context, n network, address string, datagrams bool) (*descriptor, error) {
	fail := func(to net.Addr, err error) (*descriptor, error) {
		return nil, &net.OpError{Op: "listen", Net: n.name, Addr: to, Err: err}
	}
	var to net.Addr = &net.UnixAddr{Name: address, Net: n.name}
	var at netip.AddrPort
	if n.inet() {
		all, err := c.resolve(ctx, n, address)
		if err != nil {
			return fail(nil, err)
		}
		at = firstIPv4(all)
		to = n.inetAddr(at)
	}
	if datagrams != (n.kind == sys.UDP || n.kind == sys.UnixDatagram) {
		return fail(to, unexpectedAddress(address))
	}
	var d *descriptor
	var err error
	if n.inet() {
		d, err = c.boundInet(n, at)
	} else {
		d, err = c.boundUnix(n, address)
	}
	if err != nil {
		return fail(to, err)
	}
	return d, nil
}

// firstIPv4 chooses as package net does: an IPv4 address, if the name has one.
func firstIPv4(all []netip.AddrPort) netip.AddrPort {
	for _, a := range all {
		if a.Addr().Is4() {
			return a
		}
	}
	return all[0]
}

func (c *Config) boundUnix(n network, address string) (*descriptor, error) {
	return c.socket(n, false, address, func(fd int) error {
		if err := sys.BindUnix(fd, address); err != nil || n.kind == sys.UnixDatagram {
			return err
		}
		return sys.Listen(fd, 0)
	})
}

func (c *Config) boundInet(n network, to netip.AddrPort) (*descriptor, error) {
	ip := to.Addr()
	if ip.IsValid() && !ip.IsUnspecified() {
		return c.boundTo(n, to)
	}
	d, err := c.boundTo(n, netip.AddrPortFrom(wildcard(n.version != 4), to.Port()))
	if n.version == 0 && (errors.Is(err, syscall.EAFNOSUPPORT) || errors.Is(err, syscall.EADDRNOTAVAIL)) {
		return c.boundTo(n, netip.AddrPortFrom(wildcard(false), to.Port())) // this host has no IPv6
	}
	return d, err
}

func (c *Config) boundTo(n network, to netip.AddrPort) (*descriptor, error) {
	v6 := to.Addr().Is6()
	return c.socket(n, v6, to.String(), func(fd int) error {
		if n.kind == sys.TCP {
			if err := sys.ReuseAddress(fd); err != nil { // what is in TIME_WAIT does not matter, tcp(7)
				return err
			}
		}
		if err := sys.Bind(fd, to); err != nil || n.kind != sys.TCP {
			return err
		}
		c.setTCPDefaults(fd)
		return sys.Listen(fd, 0)
	})
}

// socket makes a socket, lets Control have it, and prepares it.
func (c *Config) socket(n network, v6 bool, address string, prepare func(fd int) error) (*descriptor, error) {
	if len(c.Loops) == 0 {
		return nil, errNoLoop
	}
	fd, err := sys.Socket(n.kind, v6)
	if err != nil {
		return nil, err
	}
	d := newDescriptor(fd, c.loop(fd))
	if err = c.options(n, d, v6, address); err == nil {
		err = d.control(prepare)
	}
	if err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

func (c *Config) options(n network, d *descriptor, v6 bool, address string) error {
	if v6 {
		if err := sys.SetV6Only(d.fd, n.version == 6); err != nil {
			return err
		}
	}
	if n.kind == sys.UDP {
		if err := sys.AllowBroadcast(d.fd); err != nil {
			return err
		}
	}
	if c.ReusePort && n.inet() {
		if err := sys.ReusePort(d.fd); err != nil {
			return err
		}
	}
	if c.Control == nil {
		return nil
	}
	name := n.name
	if n.inet() { // says which IP it has become
		name = n.kind.String() + "4"
		if v6 {
			name = n.kind.String() + "6"
		}
	}
	return c.Control(name, address, rawConn{d, n.name, nil, nil})
}
