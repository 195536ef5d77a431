package sys

import (
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// The sockets here exist to show which signals their kinds send.

// NetlinkLoop makes a netlink(7) socket that is connected to itself: what is
// sent on it arrives on it. It needs no privilege. The caller owns it.
func NetlinkLoop() (fd int, err error) {
	fd, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|newFlags, unix.NETLINK_USERSOCK)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	fail := func(call string, err error) (int, error) {
		_ = Close(fd)
		return -1, os.NewSyscallError(call, err)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fail("bind", err)
	}
	self, err := unix.Getsockname(fd)
	if err != nil {
		return fail("getsockname", err)
	}
	if err := unix.Connect(fd, self); err != nil {
		return fail("connect", err)
	}
	return fd, nil
}

// experimental is an Ethernet protocol number that IEEE 802 keeps free for
// local experiments.
const experimental = 0x88b5

// PacketLoop makes a packet(7) socket on the loopback device for a protocol that
// nobody uses: what is sent on it arrives on it, a frame each. It needs
// CAP_NET_RAW (EPERM). The caller owns it.
func PacketLoop() (fd int, err error) {
	fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|newFlags, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	device, err := net.InterfaceByName("lo")
	if err == nil {
		var protocol uint16
		setPort(&protocol, experimental) // network byte order, like a port
		err = os.NewSyscallError("bind", unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: protocol, Ifindex: device.Index}))
	}
	if err != nil {
		_ = Close(fd)
		return -1, err
	}
	return fd, nil
}

// AllowZeroCopy lets SendZeroCopy work on a socket (SO_ZEROCOPY).
func AllowZeroCopy(fd int) error { return setInt(fd, unix.SOL_SOCKET, unix.SO_ZEROCOPY, 1) }

// SendZeroCopy is Send without copying p (MSG_ZEROCOPY): p must not change until
// the socket's error queue says that it has been sent.
func SendZeroCopy(fd int, p []byte) (n int, err error) {
	return send(fd, p, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL|unix.MSG_ZEROCOPY, nil, 0)
}
