package sender

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
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
	Network string // "udp", "tcp", "tls", "unix" or "unixgram"
	Address string // host:port, as for net.Dial; the path of a Unix socket, or its abstract @name
	TLS     TLS    // for the network "tls"
}

// String returns the target as a URL, without parameters.
func (t Target) String() string {
	if t.unix() {
		return t.Network + "://" + escapePath.Replace(t.Address)
	}
	return t.Network + "://" + t.Address
}

// Stream says whether messages go over a connection, one behind the other, and not in datagrams.
func (t Target) Stream() bool {
	return t.Network == "tcp" || t.Network == "tls" || t.Network == "unix"
}

func (t Target) unix() bool { return t.Network == "unix" || t.Network == "unixgram" }

// known says whether there is such a network.
func (t Target) known() bool { return t.Stream() || t.Network == "udp" || t.Network == "unixgram" }

// ParseURL reads udp://host:port, tcp://host:port, tls://host:port, unix://path and unixgram://path,
// as `sigio serve --listen` has them. Host and port have defaults, so that udp:// is enough, and ""
// means udp://localhost:8888. Behind a ? a tls:// has the parameters of TLS, name=value&name=value,
// whose files are not read yet. The error says what is wrong and what would be right.
func ParseURL(s string) (Target, error) {
	if s == "" {
		s = "udp://"
	}
	network, rest, ok := strings.Cut(s, "://")
	if !ok {
		return Target{}, fmt.Errorf("sigio: target %q names no protocol: write %s", s, likely(s))
	}
	t := Target{Network: strings.ToLower(network)}
	if !t.known() {
		return Target{}, fmt.Errorf("sigio: target %q: nothing is sent over %q, only over udp, tcp, tls, unix and unixgram: write %s", s, network, likely(rest))
	}
	if err := t.parse(rest); err != nil {
		return Target{}, fmt.Errorf("sigio: target %q: %w", s, err)
	}
	return t, nil
}

// parse reads what is behind the ://.
func (t *Target) parse(rest string) (err error) {
	var query string
	if t.Network == "tls" || t.unix() {
		rest, query, _ = strings.Cut(rest, "?")
	}
	if t.unix() {
		if query != "" {
			return fmt.Errorf("%s:// has no parameters: write %%3F for a ? in the path", t.Network)
		}
		t.Address, err = path(rest)
		return err
	}
	rest = strings.TrimSuffix(rest, "/")
	if i := strings.IndexAny(rest, "/?#@ "); i >= 0 {
		return fmt.Errorf("unexpected %q: a target is only %s://host:port", rest[i:i+1], t.Network)
	}
	host, port, err := split(t.Network, rest)
	if err != nil {
		return err
	}
	t.Address = net.JoinHostPort(host, port)
	return t.TLS.parse(query)
}

// longestPath is what a Unix socket's address has room for, but for the NUL (unix(7), sun_path).
const longestPath = 107

var escapePath = strings.NewReplacer("%", "%25", "?", "%3F")

// path reads the path of a Unix socket.
func path(rest string) (string, error) {
	p, err := url.PathUnescape(rest)
	switch {
	case err != nil:
		return "", fmt.Errorf("%w: write %%25 for a %%", err)
	case p == "" || p == "@":
		return "", errors.New("there is no path: write for example unix:///run/sigio.sock or unix://@name")
	case len(p) > longestPath:
		return "", fmt.Errorf("its path has %d bytes, a socket's may have %d", len(p), longestPath)
	}
	return p, nil
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
	if s = strings.TrimPrefix(s, "unix:"); strings.HasPrefix(s, "/") || strings.HasPrefix(s, "@") {
		return "unix://" + s
	}
	s, secure := strings.CutPrefix(s, "tls:")
	s = strings.TrimPrefix(strings.TrimPrefix(s, "udp:"), "tcp:")
	address := "host:port"
	if host, port, err := split("udp", s); err == nil {
		address = net.JoinHostPort(host, port)
	}
	if secure {
		return "tls://" + address
	}
	return "udp://" + address + " or tcp://" + address
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
