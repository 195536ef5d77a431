//go:build linux

// Tcpserver prints what each client sends until it closes: one connection, one
// message, one line. All of it happens in a single thread.
//
//	tcpserver [host:port]
//
// Its lesson: accept until there is no one left, never wait for anybody, and
// take a message as complete when its end has come, not when a read returns.
package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio"
	"golang.org/x/sys/unix"
)

const (
	budget   = 16               // how often a handler accepts or reads before others have a turn
	longest  = 64 << 10         // a message's bytes; what is longer is refused
	patience = 30 * time.Second // how long a connection may take
	pause    = 100 * time.Millisecond
)

func main() {
	log.SetFlags(0)
	address := "localhost:8888"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	if err := run(address); err != nil {
		log.Fatal("tcpserver: ", err)
	}
}

func run(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	defer listener.Close()
	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		return err
	}
	defer loop.Close()

	fd, err := descriptor(listener.(*net.TCPListener))
	if err != nil {
		return err
	}
	s := &server{loop: loop}
	if _, err := loop.Watch(fd, sigio.HandlerFunc(s.accept)); err != nil {
		return err
	}

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM) // before anybody is told that there is something to stop
	log.Printf("listening on %s", listener.Addr())
	<-stop
	return nil
}

// server and all that belongs to it is used by the loop's thread only, so there
// is nothing to lock and one buffer to read into is enough.
type server struct {
	loop   *sigio.Loop
	buffer [4096]byte
}

// accept is the handler of the listening socket.
func (s *server) accept(w *sigio.Watch, _ sigio.Event) sigio.Result {
	for range budget {
		// Accept4 on the descriptor, and not listener.Accept, which would wait.
		// The new descriptor does not inherit O_NONBLOCK; it must be asked for.
		fd, _, err := unix.Accept4(w.FD(), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		switch err {
		case nil:
			s.serve(fd)
		case unix.EAGAIN:
			return sigio.Drained
		case unix.ECONNABORTED: // it gave up while it waited
		default:
			// Out of descriptors or memory. The connections stay in the
			// queue, and their signals are used up: come back by the clock.
			log.Printf("tcpserver: accept: %v; again in %v", err, pause)
			s.loop.AfterFunc(pause, w.Again)
			return sigio.Drained
		}
	}
	return sigio.More
}

// connection is the handler of one.
type connection struct {
	server  *server
	message []byte
	expiry  *sigio.Timer
}

func (s *server) serve(fd int) {
	c := &connection{server: s}
	w, err := s.loop.Watch(fd, c) // which looks: what has come already is not lost
	if err != nil {
		log.Print("tcpserver: ", err)
		unix.Close(fd)
		return
	}
	c.expiry = s.loop.AfterFunc(patience, func() {
		log.Print("tcpserver: a client took too long")
		c.end(w)
	})
}

func (c *connection) Ready(w *sigio.Watch, _ sigio.Event) sigio.Result {
	buffer := c.server.buffer[:]
	for range budget {
		n, err := unix.Read(w.FD(), buffer)
		switch {
		case err == unix.EAGAIN:
			return sigio.Drained
		case err != nil || n == 0: // the end, or a reset, which is one too
			if len(c.message) > 0 {
				fmt.Printf("%q\n", c.message) // %q: no control characters
			}
			c.end(w)
			return sigio.Drained
		case len(c.message)+n > longest:
			log.Printf("tcpserver: refused a message of more than %d bytes", longest)
			c.end(w)
			return sigio.Drained
		}
		c.message = append(c.message, buffer[:n]...)
	}
	return sigio.More
}

// end gives the connection up: first the watch, then the descriptor.
func (c *connection) end(w *sigio.Watch) {
	c.expiry.Stop()
	w.Close()
	unix.Close(w.FD())
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
