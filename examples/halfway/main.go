//go:build linux

// Halfway is two servers with a repair that nearly works.
// docs/why-the-single-threaded-server-loses.md says what is missing,
// examples/burst measures it.
//
//	halfway realtime|drain [host:port]
//
//	realtime  UDP. A real-time signal queues, so each datagram has its own: one
//	          is read for each signal. But the queue has an end, here after 64
//	          signals (RLIMIT_SIGPENDING), and what comes then has none.
//	drain     TCP. For each SIGIO everything is tried until EAGAIN. Nothing is
//	          lost, but SIGIO does not say which descriptor it is for, so that
//	          every connection is read for every signal.
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
	kind, address := "", "localhost:8888"
	if len(os.Args) > 1 {
		kind = os.Args[1]
	}
	if len(os.Args) > 2 {
		address = os.Args[2]
	}
	servers := map[string]func(address string) error{"realtime": realtime, "drain": drain}
	run, ok := servers[kind]
	if !ok {
		log.Print("usage: halfway realtime|drain [host:port]")
		os.Exit(2)
	}
	if err := run(address); err != nil {
		log.Fatal("halfway: ", err)
	}
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

// realtime borrows the real-time signals of a loop, and nothing else: it believes
// their number, and it does not care when the loop says that some were lost.
func realtime(address string) error {
	limit := unix.Rlimit{Cur: 64, Max: 64}
	if err := unix.Setrlimit(unix.RLIMIT_SIGPENDING, &limit); err != nil {
		return os.NewSyscallError("setrlimit", err)
	}
	conn, err := net.ListenPacket("udp4", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.(*net.UDPConn).SetReadBuffer(4 << 20); err != nil { // so that only signals are short
		return err
	}
	fd, err := descriptor(conn.(*net.UDPConn))
	if err != nil {
		return err
	}
	loop, err := sigio.NewLoop(sigio.Options{Verify: -1})
	if err != nil {
		return err
	}
	defer loop.Close()
	out := bufio.NewWriter(os.Stdout)
	buffer := make([]byte, 65536)
	_, err = loop.Watch(fd, sigio.HandlerFunc(func(w *sigio.Watch, ev sigio.Event) sigio.Result {
		for range ev.Signals { // none, when the loop looks for what was lost
			n, _, err := unix.Recvfrom(w.FD(), buffer, 0)
			if err != nil {
				break
			}
			fmt.Fprintf(out, "%q\n", buffer[:n])
		}
		out.Flush()
		return sigio.Drained
	}))
	if err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	log.Printf("listening on %s", conn.LocalAddr())
	<-stop
	return nil
}
