package sys

import (
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// SetReceiveBuffer asks for a receive buffer of size bytes and returns what
// the kernel granted, in the kernel's count: twice the size, since half is
// reserved for its bookkeeping (socket(7)), so less than 2*size means capped.
// SO_RCVBUFFORCE is tried first; without CAP_NET_ADMIN the cap is
// net.core.rmem_max.
func SetReceiveBuffer(fd, size int) (granted int, err error) {
	return setBuffer(fd, size, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF)
}

// SetSendBuffer is SetReceiveBuffer for the other direction.
func SetSendBuffer(fd, size int) (granted int, err error) {
	return setBuffer(fd, size, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF)
}

func setBuffer(fd, size, force, plain int) (granted int, err error) {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, force, size) != nil {
		if err := setInt(fd, unix.SOL_SOCKET, plain, size); err != nil {
			return 0, err
		}
	}
	return getInt(fd, unix.SOL_SOCKET, plain)
}

// ReceiveBuffer returns the size of the receive buffer in the kernel's count.
func ReceiveBuffer(fd int) (int, error) { return getInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF) }

// SendBuffer returns the size of the send buffer in the kernel's count.
func SendBuffer(fd int) (int, error) { return getInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF) }

// SetReceiveLowWater sets SO_RCVLOWAT: a stream counts as readable, and
// signals, only from n unread bytes on.
func SetReceiveLowWater(fd, n int) error { return setInt(fd, unix.SOL_SOCKET, unix.SO_RCVLOWAT, n) }

// memInfoDrops is the index of SK_MEMINFO_DROPS in the answer of SO_MEMINFO
// (linux/sock_diag.h), which has nine 32-bit numbers since Linux 4.12.
const memInfoDrops = 8

// Drops returns how many packets the kernel has dropped at this socket since
// it was made, mostly because the receive buffer was full. The counter is
// exact at any time and wraps at 32 bits.
func Drops(fd int) (uint32, error) {
	var info [memInfoDrops + 1]uint32
	size := uint32(unsafe.Sizeof(info))
	_, _, e := syscall.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	if e != 0 {
		return 0, os.NewSyscallError("getsockopt", e)
	}
	if size < uint32(unsafe.Sizeof(info)) {
		return 0, os.NewSyscallError("getsockopt", syscall.ENOPROTOOPT)
	}
	return info[memInfoDrops], nil
}

// SocketError takes the pending error off a socket (SO_ERROR) and returns it
// bare; nil if there is none. For a non-blocking Connect it is the outcome.
func SocketError(fd int) error {
	v, err := getInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return err
	}
	if v == 0 {
		return nil
	}
	return syscall.Errno(v)
}

// SetNoDelay switches Nagle's algorithm off (on == true) or on, tcp(7).
func SetNoDelay(fd int, on bool) error {
	return setInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, boolInt(on))
}

// SetCork holds back partial TCP segments while on (TCP_CORK, tcp(7)), so that
// data and the end of the stream can leave in one.
func SetCork(fd int, on bool) error {
	return setInt(fd, unix.IPPROTO_TCP, unix.TCP_CORK, boolInt(on))
}

// SetKeepAlive switches TCP keepalive on. Zero fields keep the system's value.
func SetKeepAlive(fd int, k KeepAlive) error {
	for _, o := range []struct{ name, value int }{
		{unix.TCP_KEEPIDLE, seconds(k.Idle)},
		{unix.TCP_KEEPINTVL, seconds(k.Interval)},
		{unix.TCP_KEEPCNT, k.Count},
	} {
		if o.value == 0 {
			continue
		}
		if err := setInt(fd, unix.IPPROTO_TCP, o.name, o.value); err != nil {
			return err
		}
	}
	return setInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
}

func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// ResetOnClose makes Close end a TCP connection with a reset instead of an
// orderly end (SO_LINGER with a time of zero): unsent data is thrown away.
func ResetOnClose(fd int) error {
	l := unix.Linger{Onoff: 1, Linger: 0}
	return os.NewSyscallError("setsockopt", unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &l))
}

// ReportErrors sets IP_RECVERR: errors that the network reports, such as an
// unreachable port, are kept with their datagram in the socket's error queue,
// also for a socket that is not connected (ip(7)). IPv4 only.
func ReportErrors(fd int) error { return setInt(fd, unix.IPPROTO_IP, unix.IP_RECVERR, 1) }

// ReportSent makes the kernel put a time stamp into the error queue whenever a
// packet has left (SO_TIMESTAMPING with software transmit stamps).
func ReportSent(fd int) error {
	return setInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPING,
		unix.SOF_TIMESTAMPING_TX_SOFTWARE|unix.SOF_TIMESTAMPING_SOFTWARE)
}

func setInt(fd, level, name, value int) error {
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, level, name, value))
}

func getInt(fd, level, name int) (int, error) {
	v, err := unix.GetsockoptInt(fd, level, name)
	if err != nil {
		return 0, os.NewSyscallError("getsockopt", err)
	}
	return v, nil
}
