package receiver

import (
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/message"
)

// Output takes messages. *output.Writer of package output is one.
//
// Both methods are called from several goroutines, and must not block. A panic ends
// the Receiver, or, in a connection's goroutine, the program.
type Output interface {
	// Append takes over a message, whose memory it must not keep, and returns
	// true; the outcome is told to r later, or at once. It returns false, and
	// has done nothing, if there is no room.
	Append(m *message.Message, r Receipt) bool
	// Room calls f once, as soon as it is worth while to try Append again.
	Room(f func())
}

// Receipt is told what became of n messages that were given to an output with it:
// they are delivered, or lost for a cause. Each message is told once.
//
// It is another name for the interface, not a type of its own, so that an output
// need not import this package.
type Receipt = interface {
	Delivered(n int)
	Lost(n int, cause string)
}

// Config sets up a Receiver. Only Output is required. Zero stands for the default
// everywhere; a negative time-out is none at all.
type Config struct {
	// Listen has the addresses, as URLs:
	//
	//	udp://host:port   tcp://host:port   tls://host:port?cert=FILE&key=FILE
	//	unix:///path      unixgram:///path  unix://@abstract-name
	//	systemd:NAME      the sockets that Sockets has under that name
	//
	// The host localhost stands for 127.0.0.1 and ::1, as far as the machine has
	// them; none, or *, for every address of IPv4 and IPv6; any other name for
	// all addresses that it has; an address of a multicast group for the group.
	// Port 0 lets the kernel choose, the same number for all addresses of one URL.
	// None at all stands for DefaultListen.
	//
	// Parameters behind a ? are, for all, input; for streams, framing; for a
	// multicast group, interface=NAME; for a path, mode=0660 and owner=user:group;
	// for TLS, client-ca=FILE, which makes clients need a certificate, and tls=1.3
	// for nothing older (the default is 1.2). A stale socket at a path, on which
	// nobody listens, is replaced.
	Listen []string
	// Sockets has sockets that others have opened, for Listen's systemd:NAME. They
	// are duplicated; the files stay the caller's, and may be closed after Start.
	Sockets map[string][]*os.File
	// Framing says how streams are divided into messages, where a URL does not.
	Framing message.Framing
	// Input names the format of messages, where a URL does not: InputMessages, the
	// default, or one of Inputs.
	Input string
	// Inputs are further formats.
	Inputs map[string]ParseFunc
	// Output takes the messages.
	Output Output
	// Workers is the number of loops, each with a thread and with sockets of its
	// own, among which the kernel divides peers (SO_REUSEPORT, socket(7)). The
	// default is 1. The messages of one peer stay in order with any number.
	Workers int
	// PerConnection says who reads a connection.
	PerConnection Mode

	// MaxMessage is the most bytes that a message may have. A datagram has at
	// most 65,527, so that with the default each of them arrives whole.
	MaxMessage int
	// MaxConnections bounds the connections that are open at the same time, over
	// all workers. The default is DefaultMaxConnections, or less where the limit
	// of open files (RLIMIT_NOFILE) is low. The package documentation says what
	// happens at the bound.
	MaxConnections int
	// MaxPartial bounds the memory, in bytes, for messages of which only a part
	// has come, over all connections. One turn of a connection may exceed it. The
	// default is DefaultMaxPartial, or four times MaxMessage if that is more.
	MaxPartial int
	// FirstByteTimeout, MessageTimeout and IdleTimeout bound how long a
	// connection may be silent, in a message, and between messages.
	FirstByteTimeout, MessageTimeout, IdleTimeout time.Duration

	// Grace is how long a connection that is silent or in a message is waited for, at
	// its socket's end, to go on: who has just connected is about to send. The default
	// is not to wait. Shutdown's context can end it earlier.
	Grace time.Duration

	// Backlog is how many connections may wait to be accepted; the kernel cuts it
	// to net.core.somaxconn. What does not fit has to try again, which takes a
	// second.
	Backlog int
	// ReceiveBuffer is the receive buffer to ask for, in bytes, for each UDP
	// socket. What was granted is in ListenerStats; if it is less, Warn says so.
	ReceiveBuffer int

	// Allow has the networks whose hosts may send, and be connected. None: all may.
	// It does not concern Unix sockets.
	Allow []netip.Prefix
	// RateLimit bounds the messages that each peer may send in a second, after
	// RateBurst at once (default: those of one second). What is more is rejected. A
	// peer is an IP address; of IPv6, a network of 64 bits. Who uses Unix sockets is
	// one peer. 0: no limit.
	RateLimit float64
	RateBurst int
	// DeadPeerTimeout ends a TCP connection whose peer does not answer for so long
	// (SO_KEEPALIVE and TCP_USER_TIMEOUT, tcp(7)), in whole seconds, at least 4. The
	// default is DefaultDeadPeerTimeout if there is no shorter IdleTimeout, and
	// otherwise none, since that one ends it.
	DeadPeerTimeout time.Duration
	// KernelTime makes the time of a datagram's arrival that of the kernel
	// (SO_TIMESTAMPNS, socket(7)), not that of the system call that has read it.
	KernelTime bool

	// Loop has the options of the loops. Observe is called on every loop's
	// thread. A Coalesce of 0 stands for as long as the receive buffers allow, at
	// most 500 us.
	Loop sigio.Options

	// Warn is told, in words, what an operator should know: that the kernel
	// drops datagrams, that descriptors have run out. The same thing is told once
	// in some seconds at most. It is called from several goroutines, the loops'
	// among them, and must not block.
	Warn func(text string)
}

// The defaults of Config.
const (
	DefaultMaxMessage       = message.DefaultMaxSize // 64 KiB
	DefaultMaxConnections   = 10_000
	DefaultMaxPartial       = 64 << 20
	DefaultFirstByteTimeout = 10 * time.Second
	DefaultMessageTimeout   = 30 * time.Second
	DefaultIdleTimeout      = 5 * time.Minute
	DefaultDeadPeerTimeout  = 5 * time.Minute
	DefaultBacklog          = 4096
	DefaultReceiveBuffer    = 4 << 20
)

// DefaultUnixMode has the permissions of a Unix socket's file: its owner's and its
// group's.
const DefaultUnixMode = 0o660

// InputMessages is the Input that Message.Parse reads.
const InputMessages = "messages"

// ParseFunc reads one message as Message.Parse does: it sets all of m's fields that
// Parse sets, which may alias body and memory that nobody changes before the next call
// with m, and it cannot fail. It is called from several goroutines at a time, with different m, and
// must not block.
type ParseFunc func(m *message.Message, body []byte)

// DefaultListen returns what an empty Config.Listen stands for.
func DefaultListen() []string {
	return []string{"udp://localhost:8888", "tcp://localhost:8888"}
}

// largestMessage keeps sizes far from the limits of an int, everywhere.
const largestMessage = 1 << 28

// complete checks c and fills in the defaults, except for MaxConnections, which
// depends on what is open when the Receiver starts.
func (c Config) complete() (Config, error) {
	if c.Output == nil {
		return c, fmt.Errorf("sigio: a receiver without an output: set Config.Output")
	}
	if c.PerConnection != Loop && c.PerConnection != Goroutine {
		return c, fmt.Errorf("sigio: per-connection mode %d: want Loop or Goroutine", int(c.PerConnection))
	}
	if len(c.Listen) == 0 {
		c.Listen = DefaultListen()
	}
	for _, n := range []struct {
		name  string
		value *int
		stand int
		most  int
	}{
		{"workers", &c.Workers, 1, 1024},
		{"bytes in a message", &c.MaxMessage, DefaultMaxMessage, largestMessage},
		{"connections", &c.MaxConnections, 0, 1 << 30},
		{"bytes of partial messages", &c.MaxPartial, max(DefaultMaxPartial, 4*c.MaxMessage), 1<<31 - 1},
		{"connections in the backlog", &c.Backlog, DefaultBacklog, 1 << 30},
		{"bytes of receive buffer", &c.ReceiveBuffer, DefaultReceiveBuffer, 1 << 30},
	} {
		if *n.value < 0 || *n.value > n.most {
			return c, fmt.Errorf("sigio: %d %s: want 1 to %d, or 0 for the default", *n.value, n.name, n.most)
		}
		if *n.value == 0 {
			*n.value = n.stand
		}
	}
	c.FirstByteTimeout = timeout(c.FirstByteTimeout, DefaultFirstByteTimeout)
	c.MessageTimeout = timeout(c.MessageTimeout, DefaultMessageTimeout)
	c.IdleTimeout = timeout(c.IdleTimeout, DefaultIdleTimeout)
	switch {
	case c.DeadPeerTimeout == 0 && (c.IdleTimeout == 0 || c.IdleTimeout > DefaultDeadPeerTimeout):
		c.DeadPeerTimeout = DefaultDeadPeerTimeout
	case c.DeadPeerTimeout > 0 && c.DeadPeerTimeout < 4*time.Second:
		return c, fmt.Errorf("sigio: %v until a peer is dead: want 4s at least", c.DeadPeerTimeout)
	}
	c.DeadPeerTimeout = max(0, c.DeadPeerTimeout)
	if !(c.RateLimit == 0 || c.RateLimit >= 1e-3 && c.RateLimit <= 1e9) || c.RateBurst < 0 || c.RateBurst > 1e9 {
		return c, fmt.Errorf("sigio: %v messages in a second of each peer, %d at once: want 0.001 to a billion", c.RateLimit, c.RateBurst)
	}
	if int(c.Framing) >= len(message.FramingNames()) {
		return c, fmt.Errorf("sigio: unknown framing %v", c.Framing)
	}
	if c.Warn == nil {
		c.Warn = func(string) {}
	}
	return c, nil
}

// timeout returns 0 for none.
func timeout(d, stand time.Duration) time.Duration {
	if d == 0 {
		return stand
	}
	return max(0, d)
}

// Mode says who reads a connection.
type Mode int

const (
	// Loop: the loop's thread does everything.
	Loop Mode = iota
	// Goroutine: each connection has a goroutine, which sleeps until the loop
	// has a signal for it.
	Goroutine
)

var modeNames = [...]string{Loop: "loop", Goroutine: "goroutine"}

// String returns "loop" or "goroutine".
func (m Mode) String() string {
	if m < 0 || int(m) >= len(modeNames) {
		return fmt.Sprintf("Mode(%d)", int(m))
	}
	return modeNames[m]
}

// MarshalText returns what UnmarshalText reads.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads "loop" or "goroutine".
func (m *Mode) UnmarshalText(text []byte) error {
	for i, name := range modeNames {
		if string(text) == name {
			*m = Mode(i)
			return nil
		}
	}
	return fmt.Errorf("unknown mode %q: want loop or goroutine", text)
}
