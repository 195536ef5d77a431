package sys

import (
	"errors"
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Every descriptor made in this package is close-on-exec and non-blocking from
// the system call that makes it, so no fork can catch it in between.
const newFlags = unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK

// maxBacklog is cut by the kernel to net.core.somaxconn; kernels before 4.1
// keep the number in 16 bits.
const maxBacklog = 0xffff

// Socket makes an unbound, unconnected socket; v6 chooses IPv6 for the
// networks that have the choice. The caller owns the descriptor.
func Socket(n Network, v6 bool) (fd int, err error) {
	domain, typ, proto := n.args(v6)
	fd, err = unix.Socket(domain, typ|newFlags, proto)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	return fd, nil
}

// Pair makes two connected Unix sockets, as socketpair(2). The caller owns both.
func Pair(n Network) (a, b int, err error) {
	domain, typ, _ := n.args(false)
	fds, err := unix.Socketpair(domain, typ|newFlags, 0)
	if err != nil {
		return -1, -1, os.NewSyscallError("socketpair", err)
	}
	return fds[0], fds[1], nil
}

func (n Network) args(v6 bool) (domain, typ, proto int) {
	domain = unix.AF_INET
	if v6 {
		domain = unix.AF_INET6
	}
	switch n {
	case MPTCP:
		return domain, unix.SOCK_STREAM, unix.IPPROTO_MPTCP
	case UDP:
		return domain, unix.SOCK_DGRAM, 0
	case UnixStream:
		return unix.AF_UNIX, unix.SOCK_STREAM, 0
	case UnixSeqpacket:
		return unix.AF_UNIX, unix.SOCK_SEQPACKET, 0
	case UnixDatagram:
		return unix.AF_UNIX, unix.SOCK_DGRAM, 0
	default:
		return domain, unix.SOCK_STREAM, unix.IPPROTO_TCP
	}
}

// ListenTCP makes a listening socket on addr; port 0 lets the kernel choose.
// SO_REUSEADDR is set, so that a restart succeeds while old connections are
// still in TIME_WAIT (tcp(7)). The caller owns the descriptor.
func ListenTCP(addr netip.AddrPort, o ListenOptions) (fd int, err error) {
	network := TCP
	if o.Multipath {
		network = MPTCP
	}
	fd, err = bound(network, addr, o)
	if err != nil {
		return -1, err
	}
	if err := listen(fd, o.Backlog); err != nil {
		_ = Close(fd)
		return -1, err
	}
	return fd, nil
}

// ListenUDP makes a datagram socket bound to addr; port 0 lets the kernel
// choose. The caller owns the descriptor.
//
// SO_REUSEADDR is left alone: for UDP it would let a second program take the
// datagrams of the first (socket(7)).
func ListenUDP(addr netip.AddrPort, o ListenOptions) (fd int, err error) {
	return bound(UDP, addr, o)
}

func bound(n Network, addr netip.AddrPort, o ListenOptions) (fd int, err error) {
	v6 := addr.Addr().Is6() && !addr.Addr().Is4In6()
	fd, err = Socket(n, v6)
	if err != nil {
		return -1, err
	}
	defer func() {
		if err != nil {
			_ = Close(fd)
			fd = -1
		}
	}()
	if n != UDP {
		if err := setInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return fd, err
		}
	}
	if o.ReusePort {
		if err := setInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
			return fd, err
		}
	}
	if v6 {
		if err := setInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, boolInt(o.V6Only)); err != nil {
			return fd, err
		}
	}
	return fd, Bind(fd, addr)
}

// ListenUnix makes a Unix socket bound to path; a leading "@" means the
// abstract namespace (unix(7)). Streams and sequenced packets listen with the
// backlog (0: the maximum), datagram sockets receive at once. It neither
// removes an old socket file nor sets the new one's mode.
func ListenUnix(n Network, path string, backlog int) (fd int, err error) {
	fd, err = Socket(n, false)
	if err != nil {
		return -1, err
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		_ = Close(fd)
		return -1, os.NewSyscallError("bind", err)
	}
	if n == UnixDatagram {
		return fd, nil
	}
	if err := listen(fd, backlog); err != nil {
		_ = Close(fd)
		return -1, err
	}
	return fd, nil
}

func listen(fd, backlog int) error {
	if backlog <= 0 {
		backlog = maxBacklog
	}
	return os.NewSyscallError("listen", unix.Listen(fd, backlog))
}

// Bind gives an Internet socket a local address.
func Bind(fd int, addr netip.AddrPort) error {
	sa, err := sockaddr(addr)
	if err != nil {
		return err
	}
	return os.NewSyscallError("bind", unix.Bind(fd, sa))
}

// Connect starts a connection, or sets a datagram socket's peer. It does not
// wait: syscall.EINPROGRESS, bare, means that the outcome will be announced by
// POLL_OUT or POLL_ERR and is then read with SocketError.
func Connect(fd int, addr netip.AddrPort) error {
	sa, err := sockaddr(addr)
	if err != nil {
		return err
	}
	return connectError(unix.Connect(fd, sa))
}

// ConnectUnix connects to a Unix socket by path or "@name". A Unix stream
// connects at once or fails with EAGAIN, bare, when the backlog is full.
func ConnectUnix(fd int, path string) error {
	return connectError(unix.Connect(fd, &unix.SockaddrUnix{Name: path}))
}

func connectError(err error) error {
	switch {
	case err == nil, errors.Is(err, syscall.EINPROGRESS), errors.Is(err, syscall.EAGAIN):
		return err
	}
	return os.NewSyscallError("connect", err)
}

// Shutdown ends one direction of a connection, or both, for every holder of
// the socket (shutdown(2)). Errors are bare.
func Shutdown(fd int, how How) error {
	return unix.Shutdown(fd, int(how))
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
