//go:build linux

// Terminal reads its standard input by signals, be it a terminal or a pipe, and
// counts its lines. While it waits it says so every three seconds: the clock
// belongs to the same loop.
//
//	terminal
//	ls | terminal
//
// Its lesson: signals are not for sockets only, and a descriptor that others use
// as well must not be made non-blocking under their hands.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/seed-067c1534/sigio"
	"golang.org/x/sys/unix"
)

const (
	longest  = 64 << 10 // a line's bytes; what is longer is printed in pieces
	interval = 3 * time.Second
)

func main() {
	log.SetFlags(0)
	if err := run(); err != nil {
		log.Fatal("terminal: ", err)
	}
}

func run() error {
	// O_NONBLOCK belongs to the open file, which the shell and every other
	// program in the pipeline share with us. So open it once more for ourselves.
	fd, err := unix.Open("/dev/stdin", unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("standard input is neither a terminal nor a pipe: %w", err)
	}
	defer unix.Close(fd)

	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		return err
	}
	defer loop.Close()

	input := &input{ended: make(chan error, 1)}
	w, err := loop.Watch(fd, input)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return fmt.Errorf("standard input sends no signals: it is neither a terminal nor a pipe")
	case err != nil:
		return err
	}
	defer w.Close()

	var waiting *sigio.Timer
	waiting = loop.AfterFunc(interval, func() {
		log.Printf("waiting, %d lines so far", input.lines) // on the loop, as the handler is
		waiting.Reset(interval)
	})
	defer waiting.Stop()

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt)
	select {
	case err = <-input.ended:
	case <-stop:
	}
	return err
}

// input is the handler: it cuts what comes into lines.
type input struct {
	buffer [4096]byte
	rest   []byte // of a line whose end has not come yet
	lines  int
	ended  chan error
}

func (in *input) Ready(w *sigio.Watch, _ sigio.Event) sigio.Result {
	for range 16 {
		n, err := unix.Read(w.FD(), in.buffer[:])
		switch {
		case err == unix.EAGAIN:
			return sigio.Drained
		case n > 0:
			in.add(in.buffer[:n])
			continue
		case err == unix.EIO: // the terminal was hung up, which is an end as well
			err = nil
		}
		w.Close()
		if len(in.rest) > 0 {
			in.print(in.rest)
		}
		fmt.Printf("end of input after %d lines\n", in.lines)
		in.ended <- os.NewSyscallError("read", err)
		return sigio.Drained
	}
	return sigio.More
}

func (in *input) add(p []byte) {
	in.rest = append(in.rest, p...)
	for {
		line, rest, found := bytes.Cut(in.rest, []byte("\n"))
		if !found && len(line) < longest {
			return
		}
		in.print(line)
		in.rest = append(in.rest[:0], rest...)
	}
}

func (in *input) print(line []byte) {
	in.lines++
	fmt.Printf("%d: %q\n", in.lines, line) // %q: no control characters
}
