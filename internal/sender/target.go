package sender

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// What a target's URL may leave out.
const (
	DefaultHost = "localhost"
	DefaultPort = "8888"
)

// Target is where messages go. The zero value is not valid: ParseURL makes one.
type Target struct {
	Network string // "udp" or "tcp"
	Address string // host:port, as for net.Dial
}

// String returns the target as a URL with host and port.
func (t Target) String() string { return t.Network + "://" + t.Address }

// ParseURL reads udp://host:port or tcp://host:port. Host and port have defaults, so that udp:// is
// enough, and "" means udp://localhost:8888. The error says what is wrong and what would be right.
func ParseURL(s string) (Target, error) {
	if s == "" {
		s = "udp://"
	}
	network, rest, ok := strings.Cut(s, "://")
	if !ok {
		return Target{}, fmt.Errorf("sigio: target %q names no protocol: write udp://%[2]s or tcp://%[2]s", s, likely(s))
	}
	if network = strings.ToLower(network); network != "udp" && network != "tcp" {
		return Target{}, fmt.Errorf("sigio: target %q: nothing is sent over %q: write udp://%[3]s or tcp://%[3]s", s, network, likely(rest))
	}
	rest = strings.TrimSuffix(rest, "/")
	if i := strings.IndexAny(rest, "/?#@ "); i >= 0 {
		return Target{}, fmt.Errorf("sigio: target %q: unexpected %q: a target is only %s://host:port", s, rest[i:i+1], network)
	}
	host, port, err := split(network, rest)
	if err != nil {
		return Target{}, fmt.Errorf("sigio: target %q: %w", s, err)
	}
	return Target{network, net.JoinHostPort(host, port)}, nil
}

// split takes host:port apart and puts in what is missing.
func split(network, s string) (host, port string, err error) {
	switch {
	case strings.HasPrefix(s, "["):
		var ok bool
		if host, port, ok = strings.Cut(s[1:], "]"); !ok {
			return "", "", fmt.Errorf("the bracket is not closed: write %s://[::1]:%s", network, DefaultPort)
		}
		if a, err := netip.ParseAddr(host); err != nil || !a.Is6() {
			return "", "", fmt.Errorf("%q is not an IPv6 address, and only those stand in brackets", host)
		}
		if port != "" && port[0] != ':' {
			return "", "", fmt.Errorf("unexpected %q: write %s://[%s]:port", port, network, host)
		}
	case strings.Count(s, ":") > 1:
		return "", "", fmt.Errorf("an IPv6 address stands in brackets: write %s://%s", network, bracket(s))
	default:
		if i := strings.IndexByte(s, ':'); i >= 0 {
			host, port = s[:i], s[i:]
		} else {
			host = s
		}
	}
	if host == "" {
		host = DefaultHost
	}
	if port = strings.TrimPrefix(port, ":"); port == "" {
		port = DefaultPort
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", "", fmt.Errorf("port %q is not a number from 1 to 65535", port)
	}
	return host, port, nil
}

// likely returns what was probably meant by s, for an error's advice.
func likely(s string) string {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "udp:"), "tcp:")
	host, port, err := split("udp", s)
	if err != nil {
		return "host:port"
	}
	return net.JoinHostPort(host, port)
}

// bracket returns the bare IPv6 address s, or s with a port at its end, as it should be.
func bracket(s string) string {
	if _, err := netip.ParseAddr(s); err == nil {
		return net.JoinHostPort(s, DefaultPort)
	}
	i := strings.LastIndexByte(s, ':')
	if _, err := netip.ParseAddr(s[:i]); err == nil {
		return net.JoinHostPort(s[:i], s[i+1:])
	}
	return net.JoinHostPort("::1", DefaultPort)
}
