package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/seed-067c1534/sigio/internal/web"
	"github.com/seed-067c1534/sigio/receiver"
	"github.com/spf13/pflag"
)

// httpOptions are what the command line says about the window.
type httpOptions struct {
	address string
	hosts   []string
	pprof   bool
}

func (o *httpOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.address, "http", "", "show messages, charts and metrics at `ADDR`, a loopback HOST:PORT or unix:PATH; who can reach it sees the messages")
	f.StringArrayVar(&o.hosts, "http-host", nil, "let --http be reached from other machines, by this `NAME`; repeatable, * for any")
	f.BoolVar(&o.pprof, "http-pprof", false, "serve profiles of the program at /debug/pprof too")
}

func (o *httpOptions) check() error {
	if o.address == "" {
		if len(o.hosts) > 0 || o.pprof {
			return usagef("--http-host and --http-pprof are for --http")
		}
		return nil
	}
	if _, err := web.ParseAddress(o.address, o.hosts); err != nil {
		return usagef("--http %v", err)
	}
	return nil
}

// window is the HTTP server beside a receiver. Without --http it is nil, and its
// methods do nothing.
type window struct {
	*web.Server
	address  web.Address
	listener net.Listener
}

// openWindow listens, but does not answer yet.
func openWindow(o httpOptions, s *server) (*window, error) {
	if o.address == "" {
		return nil, nil
	}
	a, err := web.ParseAddress(o.address, o.hosts)
	if err != nil {
		return nil, usagef("--http %v", err)
	}
	l, err := a.Listen()
	if err != nil {
		return nil, fmt.Errorf("--http %s: %w", o.address, plain(err))
	}
	return &window{address: a, listener: l, Server: web.New(web.Config{
		Account:  s.now,
		Version:  version(),
		Hosts:    a.Hosts(),
		AnyHost:  a.Unix(),
		Profiles: o.pprof,
	})}, nil
}

// watch lets the window see what the receiver does. Without a window nothing stands
// between a receiver and its output.
func (w *window) watch(cfg *receiver.Config) {
	if w != nil {
		cfg.Output = w.Tap(cfg.Output)
		cfg.Loop.Observe = w.Observe
	}
}

// answer begins to answer. There must be a receiver.
func (w *window) answer(s *server) {
	if w == nil {
		return
	}
	s.line.say("sigio serve: look at %s", w.address.URL(w.listener))
	go func() {
		if err := w.Serve(w.listener); err != nil {
			s.warnings.add(fmt.Sprintf("--http: %v", plain(err)))
		}
	}()
}

func (w *window) phase(p web.Phase) {
	if w != nil {
		w.SetPhase(p)
	}
}

// windowGrace is what a request that is being answered at the end may take.
const windowGrace = 200 * time.Millisecond

func (w *window) close() {
	if w == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), windowGrace)
	defer cancel()
	w.Close(ctx)       // what is left of it is cut off
	w.listener.Close() // if it was never answered
}
