package netconn

import (
	"context"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio/internal/sys"
)

// Dial is DialContext with a context that does not end.
func (c *Config) Dial(network, address string) (net.Conn, error) {
	return c.DialContext(context.Background(), network, address)
}

// DialContext connects to an address of any of the networks; it fits
// http.Transport.DialContext. Address is as for net.Dial: without a host it means this
// one. The addresses of a name are tried one after the other, each with its share of
// the time that ctx and Timeout leave, until one answers; the error is then that of
// the first. It is a *net.OpError whose Timeout is true if the time was not enough, and
// which is context.Canceled if ctx was cancelled. After DialContext has returned, ctx
// means nothing to the connection.
func (c *Config) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	n, err := parseNetwork(network)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Timeout)
		defer cancel()
	}
	if !n.inet() {
		return c.dialUnix(n, address)
	}
	all, err := c.resolve(ctx, n, address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Source: c.LocalAddr, Err: contextError(ctx, err)}
	}
	var first error
	for i, to := range all {
		conn, err := c.dialOne(ctx, n, here(n, to), len(all)-i)
		if err == nil {
			return conn, nil
		}
		if first == nil {
			first = &net.OpError{Op: "dial", Net: network, Source: c.LocalAddr, Addr: n.inetAddr(here(n, to)), Err: err}
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, first
}

// here stands this host in for no host.
func here(n network, to netip.AddrPort) netip.AddrPort {
	ip := to.Addr()
	switch {
	case ip.IsValid() && !ip.IsUnspecified():
		return to
	case n.version == 6 || ip.Is6() && n.version == 0 && !ip.Is4In6() && ip.IsValid():
		ip = netip.IPv6Loopback()
	default:
		ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return netip.AddrPortFrom(ip, to.Port())
}

// enough is the least time that one of several addresses gets, if there is so much.
const enough = 2 * time.Second

// dialOne tries one address, with its share of the time if there are more.
func (c *Config) dialOne(ctx context.Context, n network, to netip.AddrPort, left int) (net.Conn, error) {
	if deadline, ok := ctx.Deadline(); ok && left > 1 {
		var cancel context.CancelFunc
		now := time.Now()
		share := max(deadline.Sub(now)/time.Duration(left), min(enough, deadline.Sub(now)))
		ctx, cancel = context.WithDeadline(ctx, now.Add(share))
		defer cancel()
	}
	if ctx.Err() != nil {
		return nil, contextError(ctx, ctx.Err())
	}
	from, err := c.localInet(n)
	if err != nil {
		return nil, err
	}
	for tries := 3; ; tries-- {
		d, err := c.socket(n, to.Addr().Is6(), to.String(), func(fd int) error {
			if !from.IsValid() {
				return nil
			}
			return sys.Bind(fd, from)
		})
		if err != nil {
			return nil, err
		}
		if err := d.connect(ctx, to); err != nil {
			d.close()
			return nil, err
		}
		if n.kind == sys.TCP {
			c.setTCPDefaults(d.fd)
		}
		conn := n.open(d, n.local(d.fd), n.remote(d.fd))
		if from.IsValid() || tries == 0 || n.kind != sys.TCP || !toItself(conn) {
			return conn, nil
		}
		conn.Close()
	}
}

// toItself recognises what happens when the kernel gives the socket the very port that
// it connects to, and nobody listens: two ends in one (RFC 9293, simultaneous open).
func toItself(c net.Conn) bool {
	return c.LocalAddr() != nil && c.RemoteAddr() != nil && c.LocalAddr().String() == c.RemoteAddr().String()
}

func (c *Config) localInet(n network) (netip.AddrPort, error) {
	switch a := c.LocalAddr.(type) {
	case nil:
		return netip.AddrPort{}, nil
	case *net.TCPAddr:
		if n.kind == sys.TCP {
			return unmap(a.AddrPort()), nil
		}
	case *net.UDPAddr:
		if n.kind == sys.UDP {
			return unmap(a.AddrPort()), nil
		}
	}
	return netip.AddrPort{}, &net.AddrError{Err: "mismatched local address type", Addr: c.LocalAddr.String()}
}

func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// connect waits until the connection is made, or is not.
func (d *descriptor) connect(ctx context.Context, to netip.AddrPort) error {
	if err := d.beginWrite(); err != nil {
		return err
	}
	defer d.endWrite()
	err := sys.Connect(d.fd, to)
	if err != syscall.EINPROGRESS && err != syscall.EAGAIN {
		return err
	}
	for err != nil {
		if err := d.waitWrite(ctx); err != nil {
			return contextError(ctx, err)
		}
		if err := sys.SocketError(d.fd); err != nil {
			return named("connect", err)
		}
		_, err = sys.PeerAddr(d.fd) // fails as long as there is none: the event was only a hint
	}
	return nil
}

func (c *Config) dialUnix(n network, address string) (net.Conn, error) {
	to := &net.UnixAddr{Name: address, Net: n.name}
	from, ok := c.LocalAddr.(*net.UnixAddr)
	if !ok && c.LocalAddr != nil {
		err := &net.AddrError{Err: "mismatched local address type", Addr: c.LocalAddr.String()}
		return nil, &net.OpError{Op: "dial", Net: n.name, Source: c.LocalAddr, Addr: to, Err: err}
	}
	d, err := c.socket(n, false, address, func(fd int) error {
		if from != nil {
			if err := sys.BindUnix(fd, from.Name); err != nil {
				return err
			}
		}
		return named("connect", sys.ConnectUnix(fd, address)) // never waits, unix(7)
	})
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: n.name, Source: c.LocalAddr, Addr: to, Err: err}
	}
	return n.open(d, n.local(d.fd), to), nil
}
