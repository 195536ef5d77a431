// Package epoll is an epoll(7) loop in Go as small as it can be written: the
// yardstick for every other way to learn that a descriptor is ready.
package epoll

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/seed-067c1534/sigio/bench/peer"
	"github.com/seed-067c1534/sigio/bench/service"
)

// Contestant polls level-triggered and reads once for each event, or, with
// epoll:edge=true, edge-triggered. epoll:spin=50us looks for so long before it
// sleeps.
var Contestant = peer.Contestant{
	Name:    "epoll",
	About:   "a raw epoll loop; options: edge=true, spin=TIME",
	Roles:   []peer.Role{peer.EchoTCP, peer.EchoUDP, peer.SinkTCP, peer.SinkUDP},
	Serve:   serve,
	Package: "github.com/seed-067c1534/sigio/bench/peer/epoll",
}

type loop struct {
	epfd   int
	spin   time.Duration
	events [256]unix.EpollEvent
}

func serve(c peer.Config) error {
	edge, spin := c.Options.Bool("edge", false), c.Options.Duration("spin", 0)
	if err := c.Options.Check(); err != nil {
		return err
	}
	runtime.LockOSThread()
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	l := &loop{epfd: epfd, spin: spin}
	fd, err := service.Listen(c)
	if err != nil {
		return err
	}
	l.add(fd, unix.EPOLLIN)
	if c.Role == peer.EchoTCP || c.Role == peer.SinkTCP {
		return l.serveStreams(fd, c, edge)
	}
	return l.serveDatagrams(fd, c)
}

func (l *loop) add(fd int, events uint32) {
	if err := unix.EpollCtl(l.epfd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)}); err != nil {
		service.Fatal(os.NewSyscallError("epoll_ctl", err))
	}
}

// wait returns at least one event. Only a call that sleeps goes through the
// scheduler.
func (l *loop) wait() []unix.EpollEvent {
	var end time.Time
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(l.epfd), uintptr(unsafe.Pointer(&l.events[0])),
			uintptr(len(l.events)), 0, 0, 0)
		if errno == 0 && n > 0 {
			return l.events[:n]
		}
		if l.spin > 0 {
			if now := time.Now(); end.IsZero() {
				end = now.Add(l.spin)
				continue
			} else if now.Before(end) {
				continue
			}
		}
		n, _, errno = syscall.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(l.epfd), uintptr(unsafe.Pointer(&l.events[0])),
			uintptr(len(l.events)), ^uintptr(0), 0, 0)
		switch {
		case errno == 0 && n > 0:
			return l.events[:n]
		case errno != 0 && errno != syscall.EINTR:
			service.Fatal(fmt.Errorf("epoll_wait: %w", errno))
		}
	}
}

func (l *loop) serveStreams(listener int, c peer.Config, edge bool) error {
	turn, err := service.NewTurn(c)
	if err != nil {
		return err
	}
	mode := uint32(unix.EPOLLIN)
	if edge {
		mode |= unix.EPOLLET | unix.EPOLLRDHUP
	}
	open := make([]*service.Stream, 1<<16) // by descriptor number
	for {
		for _, ev := range l.wait() {
			fd := int(ev.Fd)
			if fd == listener {
				l.accept(listener, mode, turn, open)
				continue
			}
			state := turn.Read(fd, open[fd])
			for edge && (state == service.Full || state == service.Short && ev.Events&unix.EPOLLRDHUP != 0) {
				state = turn.Read(fd, open[fd])
			}
			if state == service.Over {
				open[fd] = nil
				service.Close(fd)
			}
		}
	}
}

func (l *loop) accept(listener int, mode uint32, turn *service.Turn, open []*service.Stream) {
	for fd := service.Accept(listener); fd >= 0; fd = service.Accept(listener) {
		c := new(service.Stream)
		if turn.Begin(fd, c) == service.Over {
			service.Close(fd)
			continue
		}
		open[fd] = c
		l.add(fd, mode)
	}
}

func (l *loop) serveDatagrams(fd int, c peer.Config) error {
	batch, err := service.NewBatch(c)
	if err != nil {
		return err
	}
	for {
		l.wait()
		for batch.Read(fd) == service.Full {
		}
	}
}
