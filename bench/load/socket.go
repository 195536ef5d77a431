package load

import (
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// All system calls of the load are raw: nothing else has to run in its process
// while one of them waits.

var epoch = time.Now()

// Now is a clock in nanoseconds.
func Now() int64 { return int64(time.Since(epoch)) }

// Pause sleeps; for phases that are not measured.
func Pause(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	unix.Nanosleep(&t, nil)
}

func sockaddr(a netip.AddrPort) *unix.SockaddrInet4 {
	return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
}

// Dial opens a connection, or a connected datagram socket. It does not block
// afterwards.
func Dial(kind int, to netip.AddrPort) (int, error) {
	return DialFrom(kind, netip.Addr{}, to)
}

// DialFrom is Dial from an address of this machine. Connections that are opened and
// closed by the ten thousand need several, since a port is not free again at once.
func DialFrom(kind int, from netip.Addr, to netip.AddrPort) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if from.IsValid() {
		// The port is chosen when the other end is known (ip(7)).
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
			return -1, os.NewSyscallError("setsockopt", err)
		}
		if err := unix.Bind(fd, sockaddr(netip.AddrPortFrom(from, 0))); err != nil {
			return -1, os.NewSyscallError("bind", err)
		}
	}
	if err := unix.Connect(fd, sockaddr(to)); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("connect to %v: %w", to, err)
	}
	if kind == unix.SOCK_STREAM {
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return -1, os.NewSyscallError("fcntl", err)
	}
	return fd, nil
}

// Send writes to a socket without waiting.
func Send(fd int, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)),
		unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// Recv reads from a socket without waiting.
func Recv(fd int, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)),
		unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// Close closes a descriptor.
func Close(fd int) { syscall.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0) }

// Poller tells which of many sockets are ready. It never sleeps: the load has a
// processor of its own, and its wake-ups are not what is measured.
type Poller struct {
	epfd   int
	events [512]unix.EpollEvent
}

// NewPoller makes a poller.
func NewPoller() (*Poller, error) {
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	return &Poller{epfd: epfd}, os.NewSyscallError("epoll_create1", err)
}

// Add adds a socket, edge-triggered; index is what Ready returns for it.
func (p *Poller) Add(fd, index int, events uint32) error {
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(p.epfd, unix.EPOLL_CTL_ADD, fd,
		&unix.EpollEvent{Events: events | unix.EPOLLET, Fd: int32(index)}))
}

// Ready returns the events that are there. Each has its index in Fd.
func (p *Poller) Ready() []unix.EpollEvent {
	n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.epfd), uintptr(unsafe.Pointer(&p.events[0])),
		uintptr(len(p.events)), 0, 0, 0)
	if errno != 0 {
		return nil
	}
	return p.events[:n]
}
