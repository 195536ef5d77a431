package service

import (
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"github.com/seed-067c1534/sigio/bench/peer"
)

// Backlog is how many connections may wait to be accepted; the kernel cuts it to
// net.core.somaxconn.
const Backlog = 4096

// Listen makes the socket of a role, which does not block.
func Listen(c peer.Config) (fd int, err error) {
	kind := unix.SOCK_STREAM
	if c.Role == peer.EchoUDP || c.Role == peer.SinkUDP {
		kind = unix.SOCK_DGRAM
	}
	fd, err = unix.Socket(unix.AF_INET, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if kind == unix.SOCK_STREAM {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	} else {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, peer.ReceiveBuffer)
	}
	if err != nil {
		return -1, os.NewSyscallError("setsockopt", err)
	}
	if err := unix.Bind(fd, Sockaddr(c.Address)); err != nil {
		return -1, os.NewSyscallError("bind", err)
	}
	if kind == unix.SOCK_STREAM {
		if err := unix.Listen(fd, Backlog); err != nil {
			return -1, os.NewSyscallError("listen", err)
		}
	}
	return fd, nil
}

// Sockaddr turns an IPv4 address into the form of package unix.
func Sockaddr(a netip.AddrPort) *unix.SockaddrInet4 {
	return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
}
