package load

import (
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// segments is how many datagrams one send may be divided into
	// (UDP_SEGMENT, udp(7)). The receiver gets them one by one; the sender pays
	// once, and so can be faster than any receiver.
	segments = 64
	vectors  = 32 // sends in one sendmmsg(2)
)

// Sender sends numbered messages, a datagram each, from a few sockets in turn.
type Sender struct {
	fds   []int
	turn  int
	size  int // of a datagram
	group int // datagrams in one send
	Next  int // number of the next message

	headers [vectors]unix.Mmsghdr
	iovecs  [vectors]unix.Iovec
	data    []byte
}

// NewSender makes a sender. Grouped asks for UDP_SEGMENT.
func NewSender(to netip.AddrPort, newline, grouped bool) (*Sender, error) {
	s := &Sender{size: MessageSize, group: 1}
	if newline {
		s.size++
	}
	if grouped {
		s.group = segments
	}
	s.data = make([]byte, vectors*s.group*s.size)
	for range 4 {
		fd, err := Dial(unix.SOCK_DGRAM, to)
		if err != nil {
			return nil, err
		}
		if grouped {
			if err := unix.SetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_SEGMENT, s.size); err != nil {
				return nil, os.NewSyscallError("setsockopt UDP_SEGMENT", err)
			}
		}
		s.fds = append(s.fds, fd)
	}
	for i := range s.headers {
		s.headers[i].Hdr.Iov = &s.iovecs[i]
		s.headers[i].Hdr.SetIovlen(1)
	}
	return s, nil
}

// Burst is how many datagrams Send can send at once.
func (s *Sender) Burst() int { return vectors * s.group }

// Send sends n datagrams.
func (s *Sender) Send(n int) error {
	data := s.data
	for i := range n {
		rest := Numbered(data, s.Next+i)
		if s.size > MessageSize {
			rest[0] = '\n'
			rest = rest[1:]
		}
		data = rest
	}
	sends := 0
	for left := n; left > 0; sends++ {
		k := min(left, s.group)
		left -= k
		s.iovecs[sends].Base = &s.data[sends*s.group*s.size]
		s.iovecs[sends].SetLen(k * s.size)
	}
	fd := s.fds[s.turn%len(s.fds)]
	s.turn++
	for done := 0; done < sends; {
		r, _, errno := syscall.RawSyscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&s.headers[done])),
			uintptr(sends-done), 0, 0, 0)
		switch errno {
		case 0:
			done += int(r)
		case syscall.EAGAIN, syscall.EINTR, syscall.ENOBUFS:
		default:
			return fmt.Errorf("sendmmsg: %w", errno)
		}
	}
	s.Next += n
	return nil
}

// Run sends rate datagrams a second for d, or as many as it can with a rate of 0,
// but not more than most. It returns how many those were, and the time it took.
func (s *Sender) Run(rate float64, d time.Duration, most int) (sent int, took int64, err error) {
	start := Now()
	end := start + int64(d)
	// Small steps, so that the receiver's buffer is filled evenly, but not
	// smaller than a system call is worth.
	step := min(20*s.group, 256)
	for now := start; now < end && sent < most; now = Now() {
		n := step
		if rate > 0 {
			due := int(rate * float64(now-start) / 1e9)
			if n = min(due-sent, s.Burst()); n < step {
				continue
			}
		}
		if err := s.Send(n); err != nil {
			return sent, 0, err
		}
		sent += n
	}
	return sent, Now() - start, nil
}

// Drops returns how many datagrams the kernel has dropped for want of room at the
// sockets that are bound to address (the last column of /proc/net/udp).
func Drops(address netip.AddrPort) (drops int) {
	text, _ := os.ReadFile("/proc/net/udp")
	local := fmt.Sprintf("0100007F:%04X", address.Port())
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 12 && f[1] == local {
			n, _ := strconv.Atoi(f[len(f)-1])
			drops += n
		}
	}
	return drops
}
