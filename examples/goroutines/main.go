//go:build linux

// Goroutines serves each connection in a goroutine of its own: it reads what the
// client sends until the client shuts down its direction, prints it on a line,
// and sends it back.
//
//	goroutines [host:port]
//
// Its lesson: with Watch.WaitRead and Watch.WaitWrite a goroutine sleeps until its
// descriptor's signal comes, and the code reads from top to bottom. A client that
// says nothing costs a sleeping goroutine, and no processor time.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio"
	"golang.org/x/sys/unix"
)

const (
	longest  = 16 << 20         // a message's bytes
	patience = 30 * time.Second // how long a connection may take
	pause    = 100 * time.Millisecond
)

func main() {
	log.SetFlags(0)
	address := "localhost:8888"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, address); err != nil {
		log.Fatal("goroutines: ", err)
	}
}

func run(ctx context.Context, address string) error {
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
	w, err := loop.Watch(fd, nil) // no handler: we wait for it
	if err != nil {
		return err
	}
	log.Printf("listening on %s", listener.Addr())

	var connections sync.WaitGroup
	defer connections.Wait()
	for {
		fd, err := accept(ctx, w)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			log.Printf("goroutines: %v; again in %v", err, pause)
			select { // out of descriptors, say
			case <-time.After(pause):
			case <-ctx.Done():
			}
		default:
			connections.Go(func() {
				defer unix.Close(fd)
				if err := serve(ctx, loop, fd); err != nil && ctx.Err() == nil {
					log.Print("goroutines: ", err)
				}
			})
		}
	}
}

// accept waits for the next connection. It is the shape of every function here:
// try first, and wait only after EAGAIN, since one signal may stand for much.
func accept(ctx context.Context, w *sigio.Watch) (int, error) {
	for {
		fd, _, err := unix.Accept4(w.FD(), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		switch {
		case err == unix.ECONNABORTED: // it gave up while it waited
		case err != unix.EAGAIN:
			return fd, os.NewSyscallError("accept", err)
		default:
			if err := w.WaitRead(ctx); err != nil {
				return -1, err
			}
		}
	}
}

func serve(ctx context.Context, loop *sigio.Loop, fd int) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	w, err := loop.Watch(fd, nil)
	if err != nil {
		return err
	}
	defer w.Close()

	message, err := readAll(ctx, w)
	if err != nil {
		return err
	}
	fmt.Printf("%q\n", message) // %q: no control characters
	err = writeAll(ctx, w, message)
	if errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ECONNRESET) {
		return nil // the client did not want it back
	}
	return err
}

func readAll(ctx context.Context, w *sigio.Watch) ([]byte, error) {
	var message []byte
	buffer := make([]byte, 4096)
	for {
		n, err := unix.Read(w.FD(), buffer)
		switch {
		case err == unix.EAGAIN:
			if err := w.WaitRead(ctx); err != nil {
				return nil, err
			}
		case err != nil:
			return nil, os.NewSyscallError("read", err)
		case n == 0:
			return message, nil
		case len(message)+n > longest:
			return nil, fmt.Errorf("refused a message of more than %d bytes", longest)
		default:
			message = append(message, buffer[:n]...)
		}
	}
}

func writeAll(ctx context.Context, w *sigio.Watch, p []byte) error {
	for len(p) > 0 {
		n, err := unix.Write(w.FD(), p)
		switch {
		case err == unix.EAGAIN: // the client does not read as fast as we write
			if err := w.WaitWrite(ctx); err != nil {
				return err
			}
		case err != nil:
			return os.NewSyscallError("write", err)
		default:
			p = p[n:]
		}
	}
	return nil
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
