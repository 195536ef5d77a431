//go:build linux

// Tun makes a network interface and prints what is sent to it, by signals.
//
//	tun [NAME]
//
// Its lesson: a device that signals is watched like a socket, with one packet for
// each read (linux/Documentation/networking/tuntap.rst). It takes CAP_NET_ADMIN.
package main

import (
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/seed-067c1534/sigio"
	"golang.org/x/sys/unix"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) > 2 {
		log.Fatal("usage: tun [NAME]")
	}
	name := "sigio%d" // the kernel chooses the number
	if len(os.Args) == 2 {
		name = os.Args[1]
	}
	if err := run(name); err != nil {
		log.Fatal("tun: ", err)
	}
}

func run(name string) error {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: "/dev/net/tun", Err: err}
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq(name)
	if err != nil {
		return fmt.Errorf("interface name %q: %w", name, err)
	}
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		return os.NewSyscallError("ioctl TUNSETIFF", err)
	}

	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		return err
	}
	defer loop.Close()
	failed := make(chan error, 1)
	w, err := loop.Watch(fd, &printer{failed: failed})
	if err != nil {
		return err
	}
	defer w.Close()
	if err := up(request.Name()); err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	log.Print("watching ", request.Name())
	select {
	case <-stop:
		return nil
	case err := <-failed:
		return err
	case <-loop.Done():
		return loop.Err()
	}
}

// up switches the interface on. If it has IPv6 the kernel then asks for routers.
func up(name string) error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(socket)
	request, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP)
	return os.NewSyscallError("ioctl SIOCSIFFLAGS", unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request))
}

type printer struct {
	packet [64 << 10]byte
	failed chan<- error
}

// Ready prints packets until there is none, and lets others run after some.
func (p *printer) Ready(w *sigio.Watch, _ sigio.Event) sigio.Result {
	for range 64 {
		n, err := unix.Read(w.FD(), p.packet[:])
		switch {
		case errors.Is(err, unix.EAGAIN):
			return sigio.Drained
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			select {
			case p.failed <- os.NewSyscallError("read", err):
			default:
			}
			return sigio.Drained
		}
		if n > 0 {
			fmt.Printf("IPv%d, %d bytes\n", p.packet[0]>>4, n)
		}
	}
	return sigio.More
}
