package web

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
)

// Address is where the Server is reached.
type Address struct {
	network, address string
	hosts            []string
}

// ParseAddress understands HOST:PORT and unix:PATH. Without hosts, HOST must be a
// loopback address, so that nothing is shown to others by mistake; hosts are the
// names by which others are to reach it, for Config.Hosts.
func ParseAddress(text string, hosts []string) (Address, error) {
	if path, found := strings.CutPrefix(text, "unix:"); found {
		if path = strings.TrimPrefix(path, "//"); path == "" {
			return Address{}, errors.New("want unix:PATH")
		}
		return Address{"unix", path, hosts}, nil
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil || port == "" {
		return Address{}, fmt.Errorf("%s: want HOST:PORT, such as 127.0.0.1:9090, or unix:PATH", text)
	}
	if len(hosts) == 0 && !loopback(host) {
		return Address{}, fmt.Errorf("%s can be reached from other machines, and shows the messages to whoever asks: "+
			"want 127.0.0.1:%s, or --http-host NAME for each name by which it may be reached", text, port)
	}
	return Address{"tcp", text, hosts}, nil
}

// loopback does not ask the resolver, whose answer may change.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// Unix says whether it is the path of a Unix socket.
func (a Address) Unix() bool { return a.network == "unix" }

// Hosts are the names that ParseAddress was given.
func (a Address) Hosts() []string { return a.hosts }

// Listen begins to listen. A Unix socket is for its owner and its group, and takes
// the place of one that nobody listens on.
func (a Address) Listen() (net.Listener, error) {
	if !a.Unix() {
		return net.Listen(a.network, a.address)
	}
	l, err := net.Listen(a.network, a.address)
	if errors.Is(err, syscall.EADDRINUSE) && abandoned(a.address) {
		if err = os.Remove(a.address); err == nil {
			l, err = net.Listen(a.network, a.address)
		}
	}
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(a.address, 0o660); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// abandoned says whether path is a socket on which nobody listens.
func abandoned(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != fs.ModeSocket {
		return false
	}
	c, err := net.Dial("unix", path)
	if err == nil {
		c.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

// URL is what to type into a browser that is on this machine. l is what Listen has
// returned.
func (a Address) URL(l net.Listener) string {
	if a.Unix() {
		return "unix:" + a.address
	}
	at, err := netip.ParseAddrPort(l.Addr().String())
	if err == nil && at.Addr().IsUnspecified() {
		return fmt.Sprintf("http://localhost:%d/", at.Port())
	}
	return "http://" + l.Addr().String() + "/"
}
