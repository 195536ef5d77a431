package sys

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Listen makes a bound socket accept connections. Backlog as in ListenOptions.
func Listen(fd, backlog int) error { return listen(fd, backlog) }

// BindUnix gives a Unix socket a path or an abstract "@name"; with neither the
// kernel chooses an abstract name (unix(7), autobind).
func BindUnix(fd int, name string) error {
	return os.NewSyscallError("bind", unix.Bind(fd, &unix.SockaddrUnix{Name: name}))
}

// LocalName returns the path or "@name" that a Unix socket is bound to; "@" alone
// if it has none, as package net says it.
func LocalName(fd int) (string, error) { return name(fd, "getsockname", unix.Getsockname) }

// PeerName is LocalName for the socket at the other end.
func PeerName(fd int) (string, error) { return name(fd, "getpeername", unix.Getpeername) }

func name(fd int, call string, get func(int) (unix.Sockaddr, error)) (string, error) {
	sa, err := get(fd)
	if err != nil {
		return "", os.NewSyscallError(call, err)
	}
	return unixName(sa), nil
}

func unixName(sa unix.Sockaddr) string {
	if u, ok := sa.(*unix.SockaddrUnix); ok {
		return u.Name
	}
	return ""
}

// RecvFromUnix is RecvFrom for a Unix datagram socket: with the sender's name, empty
// if it has none.
func RecvFromUnix(fd int, p []byte) (n int, from string, err error) {
	n, sa, err := unix.Recvfrom(fd, p, unix.MSG_DONTWAIT)
	if err != nil {
		return 0, "", err
	}
	return n, unixName(sa), nil
}

// SendToUnix sends one datagram to a Unix socket. EAGAIN: its queue is full, of which
// no signal will tell the end.
func SendToUnix(fd int, p []byte, to string) (n int, err error) {
	if err := unix.Sendto(fd, p, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, &unix.SockaddrUnix{Name: to}); err != nil {
		return 0, err
	}
	return len(p), nil
}

// vectors is how many buffers one SendVector takes at most.
const vectors = 64

// SendVector is Send for several buffers, of which it takes as many as fit into one
// call (sendmsg(2), which unlike writev(2) can do without SIGPIPE).
func SendVector(fd int, buffers [][]byte) (n int, err error) {
	var iov [vectors]unix.Iovec
	used := 0
	for _, b := range buffers {
		if len(b) == 0 {
			continue
		}
		if used == len(iov) {
			break
		}
		iov[used].Base = &b[0]
		iov[used].SetLen(len(b))
		used++
	}
	var h unix.Msghdr
	h.Iov = &iov[0]
	h.SetIovlen(used)
	r, _, e := syscall.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&h)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	if e != 0 {
		return 0, e
	}
	return int(r), nil
}

// ReuseAddress sets SO_REUSEADDR, socket(7).
func ReuseAddress(fd int) error { return setInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1) }

// ReusePort sets SO_REUSEPORT, socket(7).
func ReusePort(fd int) error { return setInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) }

// AllowBroadcast sets SO_BROADCAST, socket(7).
func AllowBroadcast(fd int) error { return setInt(fd, unix.SOL_SOCKET, unix.SO_BROADCAST, 1) }

// SetV6Only keeps IPv4 away from an IPv6 socket, or lets it in (ipv6(7)).
func SetV6Only(fd int, on bool) error {
	return setInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, boolInt(on))
}

// SetKeepAliveOn sets SO_KEEPALIVE alone.
func SetKeepAliveOn(fd int, on bool) error {
	return setInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, boolInt(on))
}

// SetKeepAliveTimes sets what SetKeepAlive does but for the switch itself.
func SetKeepAliveTimes(fd int, k KeepAlive) error {
	for _, o := range []struct{ name, value int }{
		{unix.TCP_KEEPIDLE, seconds(k.Idle)},
		{unix.TCP_KEEPINTVL, seconds(k.Interval)},
		{unix.TCP_KEEPCNT, k.Count},
	} {
		if o.value <= 0 {
			continue
		}
		if err := setInt(fd, unix.IPPROTO_TCP, o.name, o.value); err != nil {
			return err
		}
	}
	return nil
}

// SetLinger sets what Close does with unsent data (SO_LINGER, socket(7)): sec < 0
// sends it in the background, 0 throws it away, more waits so many seconds for it.
func SetLinger(fd, sec int) error {
	l := unix.Linger{Onoff: 1, Linger: int32(sec)}
	if sec < 0 {
		l = unix.Linger{}
	}
	return os.NewSyscallError("setsockopt", unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &l))
}

// SetNonblock makes fd's open file description non-blocking, and leaves its other
// flags as they are.
func SetNonblock(fd int) error {
	flags, err := Flags(fd)
	if err != nil || flags&FlagNonblock != 0 {
		return err
	}
	return SetFlags(fd, flags|FlagNonblock)
}
