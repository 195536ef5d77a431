//go:build linux

// Httpserver is net/http on signals: not a line of it is about them, but for the
// listener's.
//
//	httpserver [host:port]
//
// Its lesson: what is written for package net runs on netconn. The counts that it
// prints at the end show that it did: each signal that it took was one of its loop's.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/netconn"
)

func main() {
	log.SetFlags(0)
	address := "localhost:8080"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	if err := run(address); err != nil {
		log.Fatal("httpserver: ", err)
	}
}

func run(address string) error {
	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		return err
	}
	defer loop.Close() // after the connections

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	network := netconn.Config{Loops: []*sigio.Loop{loop}}
	listener, err := network.Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "hello %s, you asked for %s\n", r.RemoteAddr, r.URL.Path)
		}),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Fprintln(os.Stderr, "listening on", listener.Addr())

	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	patience, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := errors.Join(server.Shutdown(patience), server.Close()); err != nil {
		return err
	}
	stats := loop.Stats()
	fmt.Printf("%d signals, %d of them to wake the loop for other work\n", stats.Received, stats.Wakeups)
	return nil
}
