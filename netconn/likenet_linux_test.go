package netconn_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/netconn"
)

// stack is package net, or netconn.
type stack struct {
	name   string
	listen func(network, address string) (net.Listener, error)
	packet func(network, address string) (net.PacketConn, error)
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
}

func stacks(c *netconn.Config) [2]stack {
	// Package net with plain TCP, as netconn has it.
	var config net.ListenConfig
	config.SetMultipathTCP(false)
	var dialer net.Dialer
	dialer.SetMultipathTCP(false)
	ctx := context.Background()
	return [2]stack{
		{
			"net",
			func(n, a string) (net.Listener, error) { return config.Listen(ctx, n, a) },
			func(n, a string) (net.PacketConn, error) { return config.ListenPacket(ctx, n, a) },
			dialer.DialContext,
		}, {
			"netconn",
			func(n, a string) (net.Listener, error) { return c.Listen(ctx, n, a) },
			func(n, a string) (net.PacketConn, error) { return c.ListenPacket(ctx, n, a) },
			c.DialContext,
		},
	}
}

// shape says all about an error that a program may look at.
func shape(err error) string {
	if err == nil {
		return "no error"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%q", anyPort.ReplaceAllString(err.Error(), "$1:PORT"))
	var op *net.OpError
	if errors.As(err, &op) {
		inner := strings.TrimPrefix(strings.TrimPrefix(fmt.Sprintf("%T", op.Err), "*"), "netconn.")
		fmt.Fprintf(&b, " op %s net %s source %T addr %T inner %s", op.Op, op.Net, op.Source, op.Addr, strings.TrimPrefix(inner, "net."))
		fmt.Fprintf(&b, " timeout %v temporary %v", op.Timeout(), op.Temporary())
	}
	var call *os.SyscallError
	if errors.As(err, &call) {
		fmt.Fprintf(&b, " call %s", call.Syscall)
	}
	for _, target := range []error{
		io.EOF, net.ErrClosed, net.ErrWriteToConnected, os.ErrDeadlineExceeded, context.Canceled, context.DeadlineExceeded,
		syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EADDRINUSE, syscall.ENOENT, syscall.EPIPE,
	} {
		if errors.Is(err, target) {
			fmt.Fprintf(&b, ", is %v", target)
		}
	}
	return b.String()
}

var anyPort = regexp.MustCompile(`(127\.0\.0\.1|0\.0\.0\.0|\[::1?\]):[0-9]+`)

// TestErrorsAreThoseOfPackageNet has both do the same, wrong thing.
func TestErrorsAreThoseOfPackageNet(t *testing.T) {
	t.Parallel()
	c := newConfig(t)
	folder := t.TempDir()
	path := func(s stack, name string) string { return filepath.Join(folder, name) }
	ctx := context.Background()

	// tcp returns a connection and its other end.
	tcp := func(s stack) (a, b net.Conn) {
		l, err := s.listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if a, err = s.dial(ctx, "tcp", l.Addr().String()); err != nil {
			t.Fatal(err)
		}
		if b, err = l.Accept(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { a.Close(); b.Close() })
		return a, b
	}
	read := func(c net.Conn) error { _, err := c.Read(make([]byte, 8)); return err }
	write := func(c net.Conn) error { _, err := c.Write([]byte("x")); return err }

	cases := []struct {
		name string
		do   func(s stack) error
	}{
		{"listen on an unknown network", func(s stack) error { _, err := s.listen("tcpx", "127.0.0.1:0"); return err }},
		{"listen on datagrams", func(s stack) error { _, err := s.listen("udp", "127.0.0.1:0"); return err }},
		{"packets on a stream", func(s stack) error { _, err := s.packet("tcp", "127.0.0.1:0"); return err }},
		{"no port", func(s stack) error { _, err := s.listen("tcp", "127.0.0.1"); return err }},
		{"no such service", func(s stack) error { _, err := s.listen("tcp", "127.0.0.1:no-such-service"); return err }},
		{"IPv6 address on tcp4", func(s stack) error { _, err := s.listen("tcp4", "[::1]:0"); return err }},
		{"dial IPv4 on tcp6", func(s stack) error { _, err := s.dial(ctx, "tcp6", "127.0.0.1:1"); return err }},
		{"dial an unknown network", func(s stack) error { _, err := s.dial(ctx, "nothing", "127.0.0.1:1"); return err }},
		{"dial without port", func(s stack) error { _, err := s.dial(ctx, "tcp", "127.0.0.1"); return err }},
		{"address in use", func(s stack) error {
			l, err := s.listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			defer l.Close()
			_, err = s.listen("tcp", l.Addr().String())
			return err
		}},
		{"refused", func(s stack) error { _, err := s.dial(ctx, "tcp", closedPort(t)); return err }},
		{"no Unix socket", func(s stack) error { _, err := s.dial(ctx, "unix", path(s, "none")); return err }},
		{"no folder", func(s stack) error { _, err := s.listen("unix", path(s, "none/s")); return err }},
		{"cancelled dial", func(s stack) error {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			_, err := s.dial(ctx, "tcp", closedPort(t))
			return err
		}},
		{"dial too late", func(s stack) error {
			ctx, cancel := context.WithDeadline(ctx, time.Now().Add(-time.Second))
			defer cancel()
			_, err := s.dial(ctx, "tcp", closedPort(t))
			return err
		}},
		{"accept after close", func(s stack) error {
			l, err := s.listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			l.Close()
			_, err = l.Accept()
			return errors.Join(err, l.Close())
		}},
		{"accept too late", func(s stack) error {
			l, err := s.listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			defer l.Close()
			l.(interface{ SetDeadline(time.Time) error }).SetDeadline(time.Now().Add(time.Millisecond))
			_, err = l.Accept()
			return err
		}},
		{"read after close", func(s stack) error { a, _ := tcp(s); a.Close(); return read(a) }},
		{"write after close", func(s stack) error { a, _ := tcp(s); a.Close(); return write(a) }},
		{"close twice", func(s stack) error { a, _ := tcp(s); a.Close(); return a.Close() }},
		{"deadline after close", func(s stack) error { a, _ := tcp(s); a.Close(); return a.SetDeadline(time.Now()) }},
		{"read too late", func(s stack) error {
			a, _ := tcp(s)
			a.SetReadDeadline(time.Now().Add(-time.Second))
			return read(a)
		}},
		{"write too late", func(s stack) error {
			a, _ := tcp(s)
			a.SetWriteDeadline(time.Unix(1, 0))
			return write(a)
		}},
		{"read the end", func(s stack) error { a, b := tcp(s); b.Close(); return read(a) }},
		{"read after CloseRead", func(s stack) error {
			a, _ := tcp(s)
			a.(interface{ CloseRead() error }).CloseRead()
			return read(a)
		}},
		{"write after CloseWrite", func(s stack) error {
			a, _ := tcp(s)
			a.(interface{ CloseWrite() error }).CloseWrite()
			return write(a)
		}},
		{"reset while reading", func(s stack) error {
			a, b := tcp(s)
			b.(interface{ SetLinger(int) error }).SetLinger(0)
			b.Close()
			return read(a)
		}},
		{"no option after close", func(s stack) error {
			a, _ := tcp(s)
			a.Close()
			return a.(interface{ SetNoDelay(bool) error }).SetNoDelay(true)
		}},
		{"raw use after close", func(s stack) error {
			a, _ := tcp(s)
			raw, err := a.(syscall.Conn).SyscallConn()
			if err != nil {
				return err
			}
			a.Close()
			return errors.Join(raw.Control(func(uintptr) {}), raw.Read(func(uintptr) bool { return true }))
		}},
		{"WriteTo on a connected socket", func(s stack) error {
			u, err := s.dial(ctx, "udp", closedPort(t))
			if err != nil {
				return err
			}
			defer u.Close()
			_, err = u.(net.PacketConn).WriteTo([]byte("x"), &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1})
			return err
		}},
		{"WriteTo a wrong address", func(s stack) error {
			u, err := s.packet("udp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			defer u.Close()
			_, err = u.WriteTo([]byte("x"), &net.TCPAddr{})
			return err
		}},
		{"a datagram too large", func(s stack) error {
			u, err := s.packet("udp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			defer u.Close()
			_, err = u.WriteTo(make([]byte, 1<<16), u.LocalAddr())
			return err
		}},
		{"nobody receives", func(s stack) error {
			u, err := s.dial(ctx, "udp", closedPort(t))
			if err != nil {
				return err
			}
			defer u.Close()
			write(u)
			return read(u)
		}},
		{"Unix datagrams to nobody", func(s stack) error {
			u, err := s.packet("unixgram", "@"+t.Name())
			if err != nil {
				return err
			}
			defer u.Close()
			_, err = u.WriteTo([]byte("x"), &net.UnixAddr{Name: path(s, "none"), Net: "unixgram"})
			return err
		}},
	}
	both := stacks(c)
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			within(t, test.name, func() {
				want, got := shape(test.do(both[0])), shape(test.do(both[1]))
				if want == "no error" {
					t.Error("package net has no error here: the case tests nothing")
				}
				if got != want {
					t.Errorf("netconn: %s\n    net: %s", got, want)
				}
			})
		})
	}
}

// closedPort is an address that was free a moment ago.
func closedPort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestAddressesAreThoseOfPackageNet compares what listening and connecting show.
func TestAddressesAreThoseOfPackageNet(t *testing.T) {
	t.Parallel()
	c := newConfig(t)
	show := func(a net.Addr) string {
		if a == nil {
			return "none"
		}
		return fmt.Sprintf("%T %s %s", a, a.Network(), anyPort.ReplaceAllString(a.String(), "$1:PORT"))
	}
	for _, at := range []struct{ network, address string }{
		{"tcp", ""}, {"tcp", ":0"}, {"tcp", "0.0.0.0:0"}, {"tcp4", ":0"}, {"tcp", "127.0.0.1:0"}, {"tcp", "localhost:0"},
		{"tcp", "[::]:0"}, {"tcp6", ":0"}, {"tcp", "[::1]:0"}, {"tcp", "[::ffff:127.0.0.1]:0"},
		{"unix", "@"}, {"unixpacket", "FILE"}, {"unix", "FILE"},
	} {
		t.Run(at.network+" "+at.address, func(t *testing.T) {
			var seen [2]string
			for i, s := range stacks(c) {
				address := at.address
				if address == "@" {
					address += t.Name() + s.name
				}
				if address == "FILE" {
					address = anyAddress(t, "unix")
				}
				l, err := s.listen(at.network, address)
				if err != nil {
					t.Skip("no IPv6 here? ", err)
				}
				defer l.Close()
				a, err := s.dial(context.Background(), at.network, l.Addr().String())
				if err != nil {
					t.Fatal(s.name, err)
				}
				defer a.Close()
				b, err := l.Accept()
				if err != nil {
					t.Fatal(s.name, err)
				}
				defer b.Close()
				if b.RemoteAddr().String() != a.LocalAddr().String() {
					t.Errorf("%s: %v and %v are one socket", s.name, b.RemoteAddr(), a.LocalAddr())
				}
				all := []string{show(l.Addr()), show(a.LocalAddr()), show(a.RemoteAddr()), show(b.LocalAddr()), show(b.RemoteAddr())}
				seen[i] = strings.ReplaceAll(strings.ReplaceAll(strings.Join(all, "\n"), address, "ADDRESS"), "ADDRESS"+s.name, "ADDRESS")
			}
			if seen[0] != seen[1] {
				t.Errorf("netconn:\n%s\nnet:\n%s", seen[1], seen[0])
			}
		})
	}
}
