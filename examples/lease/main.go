//go:build linux

// Lease keeps a counter in memory and not in its file, until somebody wants to read
// the file.
//
//	lease FILE          (makes FILE, or empties it)
//	cat FILE            meanwhile, in another terminal: always up to date
//
// Its lesson: a write lease makes the kernel stop whoever opens the file, until the
// holder has written it back.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/lease"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: lease FILE")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1]); err != nil {
		log.Fatal("lease: ", err)
	}
}

func run(ctx context.Context, path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		return err
	}
	defer loop.Close()

	for counter := 0; ; counter++ {
		held, err := takeSoon(ctx, loop, file)
		if err != nil {
			return ended(ctx, err)
		}
		fmt.Printf("%d is in memory\n", counter)
		_, waited := held.Wait(ctx)
		// Nobody has the file open now: whoever wants it sleeps in open(2).
		if _, err := file.WriteAt(fmt.Appendf(nil, "%d\n", counter), 0); err != nil {
			return err
		}
		fmt.Printf("%d is in the file\n", counter)
		if err := held.Release(); err != nil {
			return err
		}
		if waited != nil {
			return ended(ctx, waited)
		}
	}
}

// takeSoon takes the lease as soon as nobody has the file open any more. The kernel
// does not say when that is.
func takeSoon(ctx context.Context, loop *sigio.Loop, file *os.File) (*lease.Lease, error) {
	for {
		held, err := lease.Take(loop, file, lease.Write)
		if !errors.Is(err, syscall.EAGAIN) {
			return held, err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// ended makes an interrupt no error.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}
