//go:build linux

package main

import (
	"io"
	"net"
	"sync"
	"time"
)

// burst is a load, and the servers that are to bear it.
type burst struct {
	title   string
	sent    int
	send    func(address string, messages []string, h *held) error
	servers []server
}

var bursts = []burst{
	{
		title: "2000 datagrams from 4 senders at full speed", sent: 2000, send: datagrams,
		servers: []server{naive("udp"), halfway("realtime"), ours("udpserver"), serve("udp")},
	},
	{
		title: "200 connections from 8 senders, a message in each", sent: 200, send: connections,
		servers: []server{naive("tcp"), naive("threads"), halfway("drain"), ours("tcpserver"), ours("goroutines"), serve("tcp")},
	},
	{
		title: "a message in two segments, 50 ms apart", sent: 1, send: segments,
		servers: []server{naive("tcp"), naive("threads"), halfway("drain"), ours("tcpserver"), ours("goroutines"), serve("tcp")},
	},
	{
		title: "a client that says nothing, then 20 that do, one every 10 ms", sent: 20, send: beside(1, 10*time.Millisecond),
		servers: []server{naive("tcp"), naive("threads"), halfway("drain"), ours("tcpserver"), ours("goroutines"), serve("tcp")},
	},
	{
		title: "1000 clients that say nothing, then 200 that do, one every 2 ms", sent: 200, send: beside(1000, 2*time.Millisecond),
		servers: []server{halfway("drain"), ours("tcpserver"), ours("goroutines"), serve("tcp")},
	},
}

// server is a program, how it is started on a free port, whether it stands on
// sigio, and whether it should lose something.
type server struct {
	name, program string
	args          []string
	ours, loses   bool
}

const local = "127.0.0.1:0"

func naive(kind string) server {
	return server{name: "naive " + kind, program: "naive", args: []string{kind, local}, loses: true}
}

func halfway(kind string) server {
	return server{name: "halfway " + kind, program: "halfway", args: []string{kind, local}, loses: kind == "realtime"}
}

func ours(program string) server {
	return server{name: program, program: program, args: []string{local}, ours: true}
}

func serve(network string) server {
	return server{
		name: "sigio serve", program: "sigio", ours: true,
		args: []string{"serve", "--format", "raw", "--listen", network + "://" + local},
	}
}

func datagrams(address string, messages []string, _ *held) error {
	return share(4, messages, func(mine []string) error {
		c, err := net.Dial("udp", address)
		if err != nil {
			return err
		}
		defer c.Close()
		for _, m := range mine {
			if _, err := io.WriteString(c, m); err != nil {
				return err
			}
		}
		return nil
	})
}

func connections(address string, messages []string, _ *held) error {
	return share(8, messages, func(mine []string) error {
		for _, m := range mine {
			if err := say(address, m); err != nil {
				return err
			}
		}
		return nil
	})
}

func segments(address string, messages []string, _ *held) error {
	for _, m := range messages {
		half := len(m) / 2
		if err := say(address, m[:half], m[half:]); err != nil {
			return err
		}
	}
	return nil
}

// beside opens silent connections, and then sends each message from its own.
func beside(silent int, pause time.Duration) func(string, []string, *held) error {
	return func(address string, messages []string, h *held) error {
		if err := h.dial(address, silent); err != nil {
			return err
		}
		for _, m := range messages {
			time.Sleep(pause)
			if err := say(address, m); err != nil {
				return err
			}
		}
		return nil
	}
}

// say does what the original client does: it connects, sends and closes.
func say(address string, parts ...string) error {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	for i, p := range parts {
		if i > 0 {
			time.Sleep(50 * time.Millisecond)
		}
		if _, err := io.WriteString(c, p); err != nil {
			return err
		}
	}
	return nil
}

// share has n senders do an equal part each, and returns the first error.
func share(n int, messages []string, send func(mine []string) error) error {
	failed := make(chan error, n)
	for i := range n {
		go func() { failed <- send(messages[i*len(messages)/n : (i+1)*len(messages)/n]) }()
	}
	var first error
	for range n {
		if err := <-failed; first == nil {
			first = err
		}
	}
	return first
}

// held is connections that stay open until the server has been measured.
type held struct {
	mu    sync.Mutex
	conns []net.Conn
}

func (h *held) dial(address string, n int) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for range n {
		c, err := net.Dial("tcp", address)
		if err != nil {
			return err
		}
		h.conns = append(h.conns, c)
	}
	return nil
}

func (h *held) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.conns {
		c.Close()
	}
}
