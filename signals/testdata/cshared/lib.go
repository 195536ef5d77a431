// The library that host.c loads: signals, received in Go inside a program of C.
package main

import "C"

import (
	"context"
	"fmt"
	"os"
	"syscall"

	"github.com/seed-067c1534/sigio/signals"
)

var reader *signals.Reader

//export start
func start() C.int {
	var err error
	reader, err = signals.NewReader(signals.Options{}, syscall.SIGUSR1, syscall.SIGHUP, syscall.SIGTERM, syscall.Signal(50))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

//export next
func next(signo, pid, value *C.int) C.int {
	info, err := reader.Next(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	sender, _, _ := info.Sender()
	v, _, _ := info.Value()
	*signo, *pid, *value = C.int(info.Signo), C.int(sender), C.int(v)
	return 0
}

//export stop
func stop() { reader.Close() }

func main() {}
