//go:build linux

package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// drain counts its calls of read, and says at the end how many found nothing.
func drain(address string) error {
	listener, err := net.Listen("tcp4", address)
	if err != nil {
		return err
	}
	defer listener.Close()
	fd, err := descriptor(listener.(*net.TCPListener))
	if err != nil {
		return err
	}
	sigio := make(chan os.Signal, 1)
	signal.Notify(sigio, unix.SIGIO)
	if err := arm(fd); err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	log.Printf("listening on %s", listener.Addr())

	d := drainer{connections: make(map[int][]byte), buffer: make([]byte, 4096)}
	for {
		select {
		case <-sigio:
			d.accept(fd)
			d.read()
		case <-stop:
			log.Printf("%d reads, %d of them found nothing", d.reads, d.vain)
			return nil
		}
	}
}

type drainer struct {
	connections map[int][]byte // what each has said so far
	buffer      []byte
	reads, vain int
}

// accept takes every connection. It arms each before read looks at it: the other
// way round, what came in between would have no signal.
func (d *drainer) accept(listener int) {
	for {
		fd, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err != nil {
			return
		}
		if err := arm(fd); err != nil {
			log.Print("halfway: ", err)
			unix.Close(fd)
			continue
		}
		d.connections[fd] = nil
	}
}

// read reads all of them, since each may be the one.
func (d *drainer) read() {
	for fd := range d.connections {
		for {
			n, err := unix.Read(fd, d.buffer)
			d.reads++
			if err == unix.EAGAIN {
				d.vain++
				break
			}
			if err != nil || n == 0 {
				if message := d.connections[fd]; len(message) > 0 {
					fmt.Printf("%q\n", message)
				}
				delete(d.connections, fd)
				unix.Close(fd)
				break
			}
			d.connections[fd] = append(d.connections[fd], d.buffer[:n]...)
		}
	}
}

// arm makes the kernel send this process SIGIO when something happens to fd.
func arm(fd int) error {
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETOWN, os.Getpid()); err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_SETFL, flags|unix.O_ASYNC)
	}
	return os.NewSyscallError("fcntl", err)
}
