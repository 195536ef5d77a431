package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// stopped is the cause of a context's end when a signal asked for it.
type stopped struct{ signal syscall.Signal }

func (s *stopped) Error() string { return fmt.Sprintf("stopped by signal %d (%v)", s.signal, s.signal) }

// code is the exit code by which a shell says that a signal ended a program.
func (s *stopped) code() int { return 128 + int(s.signal) }

// sameStop is how long after a signal another one is the same wish, sent twice:
// timeout(1) sends to its child, and then to its process group, which the child is in.
const sameStop = 100 * time.Millisecond

// untilStopped returns a context that ends at the first SIGINT or SIGTERM, with a
// *stopped as its cause. A second one, after sameStop, ends the program at once: whoever
// sends it does not want to wait any longer. Release gives the signals back.
func untilStopped(parent context.Context) (ctx context.Context, release func()) {
	ctx, cancel := context.WithCancelCause(parent)
	arrived := make(chan os.Signal, 2)
	signal.Notify(arrived, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		var first time.Time
		for number := range arrived {
			s := &stopped{number.(syscall.Signal)}
			switch {
			case first.IsZero():
				first = time.Now()
				cancel(s)
			case time.Since(first) > sameStop:
				os.Exit(s.code())
			}
		}
	}()
	return ctx, func() {
		signal.Stop(arrived)
		close(arrived)
		cancel(nil)
	}
}
