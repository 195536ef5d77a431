package netconn_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/netconn"
)

func TestMain(m *testing.M) { sigtest.Main(m, nil) }

// portableVar makes a process of the tests use the portable back end.
const portableVar = "SIGIO_TEST_PORTABLE"

// newConfig returns a Config on two loops of the test's own.
func newConfig(t testing.TB) *netconn.Config {
	t.Helper()
	g, err := sigio.NewGroup(2, sigio.Options{Portable: os.Getenv(portableVar) != ""})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return &netconn.Config{Loops: g.Loops()}
}

func listen(t testing.TB, c *netconn.Config, network, address string) *netconn.Listener {
	t.Helper()
	l, err := c.Listen(context.Background(), network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.(*netconn.Listener)
}

// anyAddress is a place to listen at.
func anyAddress(t testing.TB, network string) string {
	switch network {
	case "tcp", "tcp4", "udp", "udp4":
		return "127.0.0.1:0"
	case "tcp6", "udp6":
		if c, err := net.ListenPacket("udp6", "[::1]:0"); err != nil {
			t.Skip("no IPv6 here: ", err)
		} else {
			c.Close()
		}
		return "[::1]:0"
	}
	dir, err := os.MkdirTemp("", "n") // t.TempDir is too long for a socket's name
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

// pair returns the two ends of a connection, the accepted one second.
func pair(t testing.TB, c *netconn.Config, network string) (a, b net.Conn) {
	t.Helper()
	l := listen(t, c, network, anyAddress(t, network))
	defer l.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			t.Error(err)
		}
		accepted <- conn
	}()
	a, err := c.Dial(network, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b = <-accepted
	if b == nil {
		t.FailNow()
	}
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

// within runs f, which must come to its end.
func within(t testing.TB, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(sigtest.Fatal):
		stacks := make([]byte, 1<<20)
		t.Fatalf("%s: still waiting after %v\n%s", what, sigtest.Fatal, stacks[:runtime.Stack(stacks, true)])
	}
}
