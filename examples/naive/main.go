//go:build linux

// Naive is three servers that lose what they are sent, on purpose: the obvious
// way to use SIGIO. docs/why-the-single-threaded-server-loses.md explains them,
// examples/burst measures them.
//
//	naive udp|tcp|threads [host:port]
//
//	udp      reads one datagram for each signal
//	tcp      for each signal accepts one connection, reads it once, closes it
//	threads  for each signal accepts one connection and starts a thread, which
//	         asks for data again and again until there is some
//
// # Is this what a C or Python program does?
//
// A Go program cannot install a signal handler of its own, but it stands where a
// Python program stands. There, too, the true handler only notes that the signal
// came (one flag for each signal number, CPython's Modules/signalmodule.c
// trip_signal), and the main program calls the handler function a little later,
// once, however often the flag was set meanwhile. Here the Go runtime's handler
// sets one bit for each number (runtime/sigqueue.go sigsend), and the loop in
// main calls the handler function. Below both, the kernel keeps one bit for a
// pending standard signal, which is all that a handler in C has.
//
// Two things differ. The channel has a place for one signal more, which can only
// make these servers lose less. And a handler that waits in read keeps the next
// one from being called, as in C, where the signal is blocked meanwhile; Python
// calls it inside the one that waits, one level deeper for each silent client.
package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	log.SetFlags(0)
	kind, address := "", "localhost:8888"
	if len(os.Args) > 1 {
		kind = os.Args[1]
	}
	if len(os.Args) > 2 {
		address = os.Args[2]
	}
	servers := map[string]struct {
		socket  int
		handler func(fd int)
	}{
		"udp":     {unix.SOCK_DGRAM, readOneDatagram},
		"tcp":     {unix.SOCK_STREAM, acceptAndReadOnce},
		"threads": {unix.SOCK_STREAM, acceptAndStartThread},
	}
	server, ok := servers[kind]
	if !ok {
		log.Print("usage: naive udp|tcp|threads [host:port]")
		os.Exit(2)
	}
	log.Fatal("naive: ", run(server.socket, address, server.handler))
}

// run is the main program: it handles each SIGIO, and otherwise says that it waits.
// It returns only an error.
func run(kind int, address string, handler func(fd int)) error {
	fd, err := open(kind, address)
	if err != nil {
		return err
	}
	sigio := make(chan os.Signal, 1)
	signal.Notify(sigio, unix.SIGIO)
	if err := arm(fd); err != nil {
		return err
	}
	if name, err := unix.Getsockname(fd); err == nil {
		a := name.(*unix.SockaddrInet4)
		log.Printf("listening on %v:%d", net.IP(a.Addr[:]), a.Port)
	}
	waiting := time.Tick(3 * time.Second)
	for {
		select {
		case <-sigio:
			handler(fd)
		case <-waiting:
			log.Print("Waiting...")
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

func readOneDatagram(fd int) {
	buffer := make([]byte, 1024)
	n, _, err := unix.Recvfrom(fd, buffer, 0)
	if err != nil {
		return
	}
	fmt.Printf("%q\n", buffer[:n])
}

func acceptAndReadOnce(listener int) {
	fd, _, err := unix.Accept(listener)
	if err != nil {
		return // "would block" is ignored
	}
	defer unix.Close(fd)
	buffer := make([]byte, 1024)
	n, err := unix.Read(fd, buffer) // on Linux fd blocks: it does not inherit O_NONBLOCK
	if err != nil {
		return
	}
	fmt.Printf("%q\n", buffer[:n])
}

func acceptAndStartThread(listener int) {
	fd, _, err := unix.Accept(listener)
	if err != nil {
		return
	}
	go func() {
		defer unix.Close(fd)
		unix.SetNonblock(fd, true)
		buffer := make([]byte, 1024)
		n, err := unix.Read(fd, buffer)
		for err == unix.EAGAIN {
			n, err = unix.Read(fd, buffer)
		}
		if err == nil {
			fmt.Printf("%q\n", buffer[:n])
		}
	}()
}

// open returns a non-blocking socket. A listening one gets a long queue, so that
// it is the handler alone that loses.
func open(kind int, address string) (int, error) {
	a, err := net.ResolveTCPAddr("tcp4", address)
	if err != nil {
		return -1, err
	}
	fd, err := unix.Socket(unix.AF_INET, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	to := &unix.SockaddrInet4{Port: a.Port}
	copy(to.Addr[:], a.IP.To4())
	if err := unix.Bind(fd, to); err != nil {
		return -1, os.NewSyscallError("bind", err)
	}
	if kind == unix.SOCK_STREAM {
		if err := unix.Listen(fd, unix.SOMAXCONN); err != nil {
			return -1, os.NewSyscallError("listen", err)
		}
	}
	return fd, nil
}
