//go:build linux

// Udpserver prints every datagram that it receives, each on a line.
//
//	udpserver [host:port]
//
// Its lesson: a signal says that there is something, not how much. The handler
// reads until there is nothing left.
package main

import (
	"bufio"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/seed-067c1534/sigio"
	"golang.org/x/sys/unix"
)

func main() {
	log.SetFlags(0)
	address := "localhost:8888"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	if err := run(address); err != nil {
		log.Fatal("udpserver: ", err)
	}
}

func run(address string) error {
	conn, err := net.ListenPacket("udp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	// What comes faster than it is read waits here; beyond, the kernel drops it.
	if err := conn.(*net.UDPConn).SetReadBuffer(4 << 20); err != nil {
		return err
	}

	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		return err
	}
	defer loop.Close() // before conn.Close, so that the descriptor is still ours

	fd, err := descriptor(conn.(*net.UDPConn))
	if err != nil {
		return err
	}
	if _, err := loop.Watch(fd, &printer{out: bufio.NewWriter(os.Stdout)}); err != nil {
		return err
	}

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM) // before anybody is told that there is something to stop
	log.Printf("listening on %s", conn.LocalAddr())
	<-stop
	return nil
}

// printer has one buffer for all datagrams: its handler runs on one thread.
type printer struct {
	datagram [65536]byte
	out      *bufio.Writer
}

func (p *printer) Ready(w *sigio.Watch, _ sigio.Event) sigio.Result {
	defer p.out.Flush() // one write for all that was there
	for range 64 {
		// Recvfrom on the descriptor, and not conn.ReadFrom, which would wait.
		n, _, err := unix.Recvfrom(w.FD(), p.datagram[:], 0)
		switch err {
		case nil:
			fmt.Fprintf(p.out, "%q\n", p.datagram[:n]) // %q: no control characters
		case unix.EAGAIN:
			return sigio.Drained
		default: // an error that the network reported; the next datagram may be fine
			log.Print("udpserver: ", err)
		}
	}
	return sigio.More // enough for one turn: others may have something to do
}

// descriptor returns the number of a socket, which is valid while c is open.
func descriptor(c syscall.Conn) (fd int, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	err = raw.Control(func(number uintptr) { fd = int(number) })
	return fd, err
}
