package receiver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
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
}

const (
	everywhere = "*"
	localhost  = "localhost"
)

// networks are the known schemes, in the order in which an error lists them.
var networks = []sys.Network{sys.UDP, sys.TCP}

func parseEndpoint(url string) (endpoint, error) {
	e := endpoint{url: url}
	wrong := func(format string, args ...any) (endpoint, error) {
		return e, fmt.Errorf("sigio: cannot listen on %q: %s; want for example udp://localhost:8888, tcp://0.0.0.0:8888 or tcp://[::1]:8888",
			url, fmt.Sprintf(format, args...))
	}
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return wrong("there is no scheme (%s) in front of it", knownSchemes())
	}
	if e.network, ok = networkOf(scheme); !ok {
		return wrong("the scheme %q is not known, only %s are", scheme, knownSchemes())
	}
	rest = strings.TrimSuffix(rest, "/")
	if i := strings.IndexAny(rest, "/?#@"); i >= 0 {
		return wrong("%q has no place behind the scheme, only host:port", rest[i:i+1])
	}
	host, port, err := net.SplitHostPort(rest)
	if err != nil {
		var address *net.AddrError
		if errors.As(err, &address) {
			return wrong("%s", address.Err)
		}
		return wrong("%v", err)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return wrong("the port is %q, not a number from 0 to 65535", port)
	}
	if host == everywhere {
		host = ""
	}
	e.host, e.port = host, uint16(n)
	return e, nil
}

func networkOf(scheme string) (sys.Network, bool) {
	for _, n := range networks {
		if strings.EqualFold(scheme, n.String()) {
			return n, true
		}
	}
	return 0, false
}

func knownSchemes() string {
	var names []string
	for _, n := range networks {
		names = append(names, n.String()+"://")
	}
	return strings.Join(names, ", ")
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
