package sys

import "time"

// Network says what a socket speaks.
type Network uint8

// The kinds of socket that this program uses.
const (
	TCP           Network = iota // stream over IPv4 or IPv6
	MPTCP                        // Multipath TCP; EPROTONOSUPPORT or ENOPROTOOPT where the kernel lacks it
	UDP                          // datagrams over IPv4 or IPv6
	UnixStream                   // unix(7) SOCK_STREAM
	UnixSeqpacket                // unix(7) SOCK_SEQPACKET
	UnixDatagram                 // unix(7) SOCK_DGRAM
)

// String returns a short name as it appears in a URL or an explanation.
func (n Network) String() string {
	switch n {
	case TCP:
		return "tcp"
	case MPTCP:
		return "mptcp"
	case UDP:
		return "udp"
	case UnixStream:
		return "unix"
	case UnixSeqpacket:
		return "unixpacket"
	case UnixDatagram:
		return "unixgram"
	}
	return "unknown"
}

// How names the direction that Shutdown ends; the values are those of
// shutdown(2), the same on every system.
type How int

// Directions for Shutdown.
const (
	ShutRead  How = 0
	ShutWrite How = 1
	ShutBoth  How = 2
)

// ListenOptions sets up a listening or receiving socket. The zero value is
// right for most.
type ListenOptions struct {
	// Backlog bounds the connections that wait to be accepted; the kernel cuts
	// it to net.core.somaxconn. 0 asks for that maximum.
	Backlog int
	// ReusePort lets several sockets share the address; the kernel spreads
	// connections or datagrams over them (SO_REUSEPORT, socket(7)).
	ReusePort bool
	// V6Only keeps IPv4 peers away from an IPv6 socket. Without it a socket on
	// [::] serves both, whatever net.ipv6.bindv6only says.
	V6Only bool
	// Multipath makes ListenTCP ask for MPTCP.
	Multipath bool
}

// KeepAlive describes TCP keepalive, tcp(7): after Idle without data a probe
// every Interval, and the connection ends after Count lost ones.
// Idle and Interval are rounded up to whole seconds.
type KeepAlive struct {
	Idle, Interval time.Duration
	Count          int
}
