//go:build linux

package sigio_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/seed-067c1534/sigio"
	"golang.org/x/sys/unix"
)

// A goroutine that reads with a deadline, as a net.Conn does.
func ExampleWaiter() {
	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer loop.Close()
	pipe := make([]int, 2)
	if err := unix.Pipe2(pipe, unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		log.Fatal(err)
	}
	defer unix.Close(pipe[0])
	defer unix.Close(pipe[1])

	waiter := sigio.NewWaiter()
	watch, err := loop.Watch(pipe[0], waiter)
	if err != nil {
		log.Fatal(err)
	}
	defer watch.Close()
	read := func() {
		buffer := make([]byte, 512)
		for {
			n, err := unix.Read(pipe[0], buffer)
			if err == unix.EAGAIN {
				err = waiter.WaitRead(context.Background())
				if err == nil {
					continue // an event is a hint: only the next read knows
				}
			}
			if err != nil {
				fmt.Println("too late:", errors.Is(err, os.ErrDeadlineExceeded))
				return
			}
			fmt.Printf("%s\n", buffer[:n])
			return
		}
	}
	time.AfterFunc(time.Millisecond, func() { unix.Write(pipe[1], []byte("hello")) })
	read()
	waiter.SetReadDeadline(time.Now().Add(time.Millisecond))
	read()
	// Output:
	// hello
	// too late: true
}
