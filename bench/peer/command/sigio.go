// Package command has the contestants that are programs: the sigio command, and
// those that people use for the same work. Their configurations are the best of a
// short tuning.
package command

import (
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/seed-067c1534/sigio/bench/peer"
)

var sinks = []peer.Role{peer.SinkTCP, peer.SinkUDP}

// Serve is `sigio serve`. Its time-outs are off, as they are with the others.
var Serve = peer.Contestant{
	Name:  "serve",
	About: "the sigio command; options: format=raw|json|text, workers=N, mode=loop|goroutine, also=file+sqlite (further outputs), spool=always|interval, page=true (open, in curl), binary=PATH of another build of it",
	Roles: sinks,
	Command: func(c peer.Config) (peer.Program, error) {
		url := "udp://" + c.Address.String()
		if c.Role == peer.SinkTCP {
			url = "tcp://" + c.Address.String()
		}
		args := []string{
			"serve", "--listen", url,
			"--format", c.Options.Text("format", "raw"),
			"--workers", c.Options.Text("workers", "1"),
			"--per-connection", c.Options.Text("mode", "loop"),
			"--max-connections", "15000",
			"--first-byte-timeout", "0", "--idle-timeout", "0", "--message-timeout", "0",
		}
		args = append(args, further(c)...)
		p := peer.Program{Path: c.Options.Text("binary", c.Sigio), Output: true, Args: args}
		if c.Options.Bool("page", false) {
			p = looked(p, filepath.Join(c.Folder, "page"))
		}
		return p, c.Options.Check()
	},
}

// further returns what is asked of serve beyond its standard output.
func further(c peer.Config) (args []string) {
	if also := c.Options.Text("also", ""); also != "" {
		args = append(args, "--output", "stdout:")
		for scheme := range strings.SplitSeq(also, "+") {
			args = append(args, "--output", scheme+":"+filepath.Join(c.Folder, "also."+scheme))
		}
	}
	if fsync := c.Options.Text("spool", ""); fsync != "" {
		args = append(args, "--spool", filepath.Join(c.Folder, "spool"), "--fsync", fsync)
	}
	return args
}

// looked is p with its page at a socket, and a reader of the page's events as its child.
func looked(p peer.Program, socket string) peer.Program {
	const script = `socket=$0
(for i in $(seq 500); do [ -S "$socket" ] && break; sleep 0.02; done
exec curl -sN --unix-socket "$socket" http://localhost/events > /dev/null) &
exec "$@"`
	p.Args = append([]string{"-c", script, socket, p.Path}, append(p.Args, "--http", "unix:"+socket)...)
	p.Path = "sh"
	return p
}

// Socat is socat, which forks a process for each connection, and adds no newline
// to anything.
var Socat = peer.Contestant{
	Name:    "socat",
	About:   "socat, a process for each connection",
	Roles:   sinks,
	Newline: sinks,
	Missing: needs("socat"),
	Command: func(c peer.Config) (peer.Program, error) {
		port := c.Address.Port()
		source := format("UDP4-RECV:%d,bind=%s,rcvbuf=%d", port, c.Address.Addr(), peer.ReceiveBuffer)
		if c.Role == peer.SinkTCP {
			source = format("TCP4-LISTEN:%d,bind=%s,reuseaddr,fork,backlog=4096", port, c.Address.Addr())
		}
		return peer.Program{Path: "socat", Args: []string{"-u", source, "OPEN:" + c.File + ",creat,append"}}, c.Options.Check()
	},
}

func needs(program string) func() string {
	return func() string {
		if _, err := exec.LookPath(program); err != nil {
			return program + " is not installed"
		}
		return ""
	}
}
