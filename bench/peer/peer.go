// Package peer says what a contestant is: a server that takes one of a few roles,
// in a process of its own. Each contestant has a package below this one.
package peer

import (
	"net/netip"
	"slices"
	"time"
)

// Role is what a server is to do.
type Role string

// The roles. An echo sends back what it gets. A sink writes what it gets into a
// file, a message a line: a datagram is a message, a stream is lines, and what is
// left at the end of a connection is one, too. HTTP answers each request with its path.
const (
	EchoTCP Role = "echo-tcp"
	EchoUDP Role = "echo-udp"
	SinkTCP Role = "sink-tcp"
	SinkUDP Role = "sink-udp"
	HTTP    Role = "http"
	// Dispatch is no server: it measures what a signal costs in its own process,
	// and prints it (see package service).
	Dispatch Role = "dispatch"
)

// LoopRoles lists what a loop on bare descriptors can do: all but HTTP.
var LoopRoles = []Role{EchoTCP, EchoUDP, SinkTCP, SinkUDP, Dispatch}

// ReceiveBuffer is SO_RCVBUF of every contestant's UDP socket.
const ReceiveBuffer = 4 << 20

// Contestant is a server under test. Exactly one of Serve and Command is set.
type Contestant struct {
	Name  string
	About string // in one line
	Roles []Role

	// Serve takes the role, and returns only if it fails.
	Serve func(Config) error
	// Command returns the program that does it instead.
	Command func(Config) (Program, error)
	// Package is what a program that uses nothing but this contestant has to
	// import; the binary size is measured with it.
	Package string
	// Missing says why the contestant cannot run on this machine. Empty: it can.
	Missing func() string
	// Newline has the roles in which a message needs a newline at its end even
	// when it is a datagram, or the only one of its connection.
	Newline []Role
}

// Takes says whether c can take a role.
func (c *Contestant) Takes(r Role) bool { return slices.Contains(c.Roles, r) }

// Reason returns why c cannot run here, or "".
func (c *Contestant) Reason() string {
	if c.Missing == nil {
		return ""
	}
	return c.Missing()
}

// Config is what a server is told.
type Config struct {
	Role    Role
	Address netip.AddrPort
	File    string        // of a sink
	Flush   time.Duration // how long a sink may hold a line back; 0: not at all
	Folder  string        // for a command's own files
	Sigio   string        // path of the sigio command
	Options Options
}

// Program is a command line.
type Program struct {
	Path string
	Args []string
	// Output says that standard output is the file of the sink.
	Output bool
}
