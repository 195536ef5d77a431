package netconn

import (
	"errors"
	"net"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sys"
)

// Config says how to listen and to dial: on which loops, and what net.ListenConfig
// and net.Dialer say. It must not be changed while it is in use; its methods may be
// called from any goroutine.
type Config struct {
	// Loops are those that wake the goroutines: one is enough for most, a
	// sigio.Group has several. Connections are spread over them by their
	// descriptors' numbers.
	Loops []*sigio.Loop

	// KeepAlive is the time without data after which TCP looks whether the peer is
	// still there (tcp(7), TCP_KEEPIDLE). Zero: 15 s. Negative: it never does.
	// KeepAliveConfig, if enabled, goes before it.
	KeepAlive       time.Duration
	KeepAliveConfig net.KeepAliveConfig

	// ReusePort lets several sockets listen on one address, among which the kernel
	// spreads connections or datagrams (SO_REUSEPORT, socket(7)).
	ReusePort bool

	// Control is called with each socket before it is bound or connected, to set
	// options. Network and address are as for net.ListenConfig.Control. An error
	// ends the call with that error.
	Control func(network, address string, c syscall.RawConn) error

	// LocalAddr is the address to dial from: nil, or one of the network's type.
	LocalAddr net.Addr

	// Timeout bounds a Dial, beside its context's deadline. Zero: no bound.
	Timeout time.Duration

	// Resolver looks up names. Nil: net.DefaultResolver.
	Resolver *net.Resolver
}

var errNoLoop = errors.New("netconn: Config.Loops is empty")

// loop chooses the loop of a descriptor. A number that is used again stays with its
// loop, so that what is posted there about the old one comes first.
func (c *Config) loop(fd int) *sigio.Loop { return c.Loops[fd%len(c.Loops)] }

func (c *Config) resolver() *net.Resolver {
	if c.Resolver != nil {
		return c.Resolver
	}
	return net.DefaultResolver
}

// Package net's defaults for a TCP connection.
const (
	keepAliveTime  = 15 * time.Second
	keepAliveCount = 9
)

// keepAlive is KeepAlive and KeepAliveConfig in one.
func (c *Config) keepAlive() net.KeepAliveConfig {
	if c.KeepAliveConfig.Enable {
		return c.KeepAliveConfig
	}
	return net.KeepAliveConfig{Enable: c.KeepAlive >= 0, Idle: c.KeepAlive}
}

// setKeepAlive sets what a net.KeepAliveConfig says: in it zero stands for the
// default and a negative value for "leave it".
func setKeepAlive(fd int, k net.KeepAliveConfig) error {
	if err := sys.SetKeepAliveOn(fd, k.Enable); err != nil || !k.Enable {
		return err
	}
	times := sys.KeepAlive{Idle: k.Idle, Interval: k.Interval, Count: k.Count}
	if times.Idle == 0 {
		times.Idle = keepAliveTime
	}
	if times.Interval == 0 {
		times.Interval = keepAliveTime
	}
	if times.Count == 0 {
		times.Count = keepAliveCount
	}
	return sys.SetKeepAliveTimes(fd, times)
}

// setTCPDefaults is what package net does to every TCP connection. Set on a listening
// socket, each connection that it accepts has it from the start (Linux copies a
// listening socket's options, net/core/sock.c sk_clone_lock).
func (c *Config) setTCPDefaults(fd int) {
	sys.SetNoDelay(fd, true)
	setKeepAlive(fd, c.keepAlive()) // neither is worth a connection
}
