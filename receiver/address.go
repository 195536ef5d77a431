package receiver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/seed-067c1534/sigio/internal/sys"
)

// endpoint is a parsed URL of Config.Listen.
type endpoint struct {
	url     string
	network sys.Network
	host    string // "" for every address
	port    uint16
	path    string // of a Unix socket, or its abstract @name
	given   string // the name of sockets in Config.Sockets; the network is theirs
	tls     bool
	parameters
}

const (
	everywhere = "*"
	localhost  = "localhost"
)

// schemes are those that are known, in the order in which an error lists them.
var schemes = []string{"udp", "tcp", "tls", "unix", "unixgram"}

// schemeGiven is the one without slashes: systemd:NAME.
const schemeGiven = "systemd"

// parseEndpoints parses urls, of which no two may name the same place.
func parseEndpoints(urls []string) (all []endpoint, err error) {
	for _, url := range urls {
		e, err := parseEndpoint(url)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all, e.same) {
			return nil, fmt.Errorf("sigio: cannot listen on %q twice", url)
		}
		all = append(all, e)
	}
	return all, nil
}

func parseEndpoint(url string) (endpoint, error) {
	e := endpoint{url: url}
	if err := e.parse(url); err != nil {
		return e, fmt.Errorf("sigio: cannot listen on %q: %w", url, err)
	}
	return e, nil
}

func (e *endpoint) parse(url string) error {
	address, query, _ := strings.Cut(url, "?")
	if name, ok := strings.CutPrefix(address, schemeGiven+":"); ok {
		if e.given = strings.TrimPrefix(name, "//"); e.given == "" {
			return fmt.Errorf("there is no name; want for example systemd:messages")
		}
		return e.parameters.parse(query, "framing", "input", "cert", "key", "client-ca", "tls")
	}
	scheme, rest, ok := strings.Cut(address, "://")
	if name, place, found := strings.Cut(address, ":"); !ok && found && slices.Contains(schemes, strings.ToLower(name)) {
		if !strings.HasPrefix(name, "unix") {
			place = strings.TrimLeft(place, "/")
		}
		return fmt.Errorf("two slashes stand behind %s:, as in %[1]s://%s", name, place)
	}
	if !ok {
		return wrongURL("there is no scheme (%s) in front of it", knownSchemes())
	}
	switch scheme = strings.ToLower(scheme); scheme {
	case "udp":
		e.network = sys.UDP
		if err := e.parseHost(rest); err != nil {
			return err
		}
		if multicast(e.host).IsValid() {
			return e.parameters.parse(query, "input", "interface")
		}
		return e.parameters.parse(query, "input")
	case "tcp":
		if err := e.parseHost(rest); err != nil {
			return err
		}
		return e.parameters.parse(query, "framing", "input")
	case "tls":
		e.tls = true
		if err := e.parseHost(rest); err != nil {
			return err
		}
		err := e.parameters.parse(query, "framing", "input", "cert", "key", "client-ca", "tls")
		if err == nil && e.cert == "" {
			err = errors.New("there is no certificate; want for example tls://0.0.0.0:6514?cert=FILE&key=FILE")
		}
		return err
	case "unix", "unixgram":
		if e.network = sys.UnixStream; scheme == "unixgram" {
			e.network = sys.UnixDatagram
		}
		return e.parsePath(rest, query)
	}
	return wrongURL("the scheme %q is not known, only %s are", scheme, knownSchemes())
}

func wrongURL(format string, args ...any) error {
	return fmt.Errorf("%s; want for example udp://localhost:8888, tcp://0.0.0.0:8888 or tcp://[::1]:8888", fmt.Sprintf(format, args...))
}

// parseHost reads host:port.
func (e *endpoint) parseHost(rest string) error {
	rest = strings.TrimSuffix(rest, "/")
	if i := strings.IndexAny(rest, "/#@"); i >= 0 {
		return wrongURL("%q has no place behind the scheme, only host:port", rest[i:i+1])
	}
	host, port, err := net.SplitHostPort(rest)
	if err != nil {
		var address *net.AddrError
		if errors.As(err, &address) {
			return wrongURL("%s", address.Err)
		}
		return wrongURL("%v", err)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return wrongURL("the port is %q, not a number from 0 to 65535", port)
	}
	if host == everywhere {
		host = ""
	}
	e.host, e.port = host, uint16(n)
	return nil
}

// longestPath is what a Unix socket's address has room for, but for the NUL
// (unix(7), sun_path).
const longestPath = 107

// parsePath reads the path of a Unix socket.
func (e *endpoint) parsePath(rest, query string) (err error) {
	if e.path, err = url.PathUnescape(rest); err != nil {
		return fmt.Errorf("%v: write %%25 for a %%", err)
	}
	switch {
	case e.path == "" || e.path == "@":
		return fmt.Errorf("there is no path; want for example unix:///run/sigio.sock or unix://@name")
	case len(e.path) > longestPath:
		return fmt.Errorf("its path has %d bytes, a socket's may have %d", len(e.path), longestPath)
	case e.path[0] == '@' && e.network == sys.UnixDatagram:
		return e.parameters.parse(query, "input")
	case e.path[0] == '@':
		return e.parameters.parse(query, "framing", "input")
	case e.network == sys.UnixDatagram:
		return e.parameters.parse(query, "input", "mode", "owner")
	}
	return e.parameters.parse(query, "framing", "input", "mode", "owner")
}

// same says whether f names the place of e, of which there is one. Port 0 is another each time.
func (e endpoint) same(f endpoint) bool {
	if e.given != "" || e.path != "" {
		return e.given == f.given && e.path == f.path && e.network == f.network
	}
	return e.port != 0 && e.network == f.network && e.host == f.host && e.port == f.port
}

func knownSchemes() string {
	var names []string
	for _, n := range schemes {
		names = append(names, n+"://")
	}
	return strings.Join(names, ", ") + ", " + schemeGiven + ":"
}

// candidate is an address to bind.
type candidate struct {
	addr netip.Addr
	// dual: an IPv6 address that is to take IPv4 as well.
	dual bool
	// optional: a machine that does not have it can do without.
	optional bool
	// substitute: only if no candidate before it could be bound.
	substitute bool
}

// candidates returns what e's host stands for.
func (e endpoint) candidates() ([]candidate, error) {
	switch {
	case e.host == "":
		return []candidate{
			{addr: netip.IPv6Unspecified(), dual: true, optional: true},
			{addr: netip.IPv4Unspecified(), substitute: true},
		}, nil
	case strings.EqualFold(e.host, localhost):
		return []candidate{
			{addr: netip.AddrFrom4([4]byte{127, 0, 0, 1}), optional: true},
			{addr: netip.IPv6Loopback(), optional: true},
		}, nil
	}
	if addr, err := netip.ParseAddr(e.host); err == nil {
		return []candidate{{addr: addr.Unmap()}}, nil
	}
	addrs, err := net.DefaultResolver.LookupNetIP(context.Background(), "ip", e.host)
	if err != nil {
		return nil, err
	}
	var found []candidate
	for _, addr := range addrs {
		found = append(found, candidate{addr: addr.Unmap()})
	}
	return found, nil
}

// missing says whether err means that the machine does not have an address.
func missing(err error) bool {
	return errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)
}
