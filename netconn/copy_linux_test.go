package netconn_test

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/netconn"
	"golang.org/x/sys/unix"
)

// received reads what comes until the end.
func received(c net.Conn) <-chan []byte {
	all := make(chan []byte, 1)
	go func() { b, _ := io.ReadAll(c); all <- b }()
	return all
}

func TestCopies(t *testing.T) {
	t.Parallel()
	c := newConfig(t)
	want := largeBody()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, want, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		from func(t *testing.T) io.Reader
		skip int
	}{
		{"memory", func(*testing.T) io.Reader { return struct{ io.Reader }{bytes.NewReader(want)} }, 0},
		{"a file", func(t *testing.T) io.Reader { return open(t, path) }, 0},
		{"the rest of a file", func(t *testing.T) io.Reader {
			f := open(t, path)
			f.Seek(1000, io.SeekStart)
			return f
		}, 1000},
		{"a connection", func(t *testing.T) io.Reader { return source(t, c, "tcp", want) }, 0},
		{"a Unix connection", func(t *testing.T) io.Reader { return source(t, c, "unix", want) }, 0},
		{"a connection of package net", func(t *testing.T) io.Reader {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go func() {
				a, err := net.Dial("tcp", l.Addr().String())
				if err == nil {
					a.Write(want)
					a.Close()
				}
			}()
			b, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { b.Close() })
			return b
		}, 0},
	} {
		for _, limit := range []int64{-1, 1 << 20, 0} {
			t.Run(test.name, func(t *testing.T) {
				a, b := pair(t, c, "tcp")
				got := received(b)
				from, want := test.from(t), want[test.skip:]
				limited := &io.LimitedReader{R: from, N: limit}
				if limit >= 0 {
					from, want = limited, want[:limit]
				}
				n, err := io.Copy(a, from)
				if n != int64(len(want)) || err != nil {
					t.Errorf("%d of %d bytes, %v", n, len(want), err)
				}
				if limit >= 0 && limited.N != 0 {
					t.Errorf("the limit is at %d", limited.N)
				}
				a.Close()
				if b := <-got; !bytes.Equal(b, want) {
					t.Errorf("%d of %d bytes arrived, or others", len(b), len(want))
				}
			})
		}
	}
	t.Run("to a Unix connection", func(t *testing.T) {
		a, b := pair(t, c, "unix")
		got := received(b)
		if n, err := io.Copy(a, source(t, c, "tcp", want)); n != int64(len(want)) || err != nil {
			t.Error(n, err)
		}
		a.Close()
		if !bytes.Equal(<-got, want) {
			t.Error("not what was sent")
		}
	})
	t.Run("many buffers", func(t *testing.T) {
		for _, network := range []string{"tcp", "unix"} {
			a, b := pair(t, c, network)
			got := received(b)
			var v net.Buffers
			for rest := want; len(rest) > 0; {
				n := min(len(rest), 1+len(v)*7)
				v, rest = append(v, rest[:n], nil), rest[n:]
			}
			n, err := a.(interface {
				WriteBuffers(*net.Buffers) (int64, error)
			}).WriteBuffers(&v)
			if n != int64(len(want)) || err != nil || len(v) != 0 {
				t.Error(n, err, len(v))
			}
			a.Close()
			if !bytes.Equal(<-got, want) {
				t.Error("not what was sent")
			}
		}
	})
}

func open(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// source is a connection from which b comes, and then the end.
func source(t *testing.T, c *netconn.Config, network string, b []byte) net.Conn {
	from, to := pair(t, c, network)
	go func() {
		from.Write(b)
		from.Close()
	}()
	return to
}

func TestAdoption(t *testing.T) {
	t.Parallel()
	c := newConfig(t)
	echo := func(t *testing.T, a, b net.Conn) {
		t.Helper()
		buf := make([]byte, 8)
		within(t, "an echo", func() {
			for range 3 {
				a.Write([]byte("there"))
				n, err := b.Read(buf)
				if err != nil || string(buf[:n]) != "there" {
					t.Errorf("%q, %v", buf[:n], err)
				}
				b.Write([]byte("back"))
				if n, err = a.Read(buf); err != nil || string(buf[:n]) != "back" {
					t.Errorf("%q, %v", buf[:n], err)
				}
			}
		})
	}
	for _, network := range []string{"tcp", "unix"} {
		t.Run("from package net, "+network, func(t *testing.T) {
			old, err := net.Listen(network, anyAddress(t, network))
			if err != nil {
				t.Fatal(err)
			}
			l, err := c.FromListener(old)
			if err != nil {
				t.Fatal(err)
			}
			a, err := net.Dial(network, l.Addr().String())
			if err != nil {
				t.Fatal("the listener is gone: ", err)
			}
			mine, err := c.FromConn(a)
			if err != nil {
				t.Fatal(err)
			}
			defer mine.Close()
			if _, err := a.Write([]byte("x")); err == nil {
				t.Error("the old connection still writes")
			}
			b, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			echo(t, mine, b)
			echo(t, b, mine)
			l.Close()
			if network == "unix" {
				if _, err := os.Stat(l.Addr().String()); !os.IsNotExist(err) {
					t.Error("the socket's file is still there:", err)
				}
			}
		})
		t.Run("through files, "+network, func(t *testing.T) {
			l := listen(t, c, network, anyAddress(t, network))
			f, err := l.File()
			if err != nil {
				t.Fatal(err)
			}
			l.SetUnlinkOnClose(false)
			address := l.Addr().String()
			l.Close()
			again, err := c.FileListener(f)
			if err != nil {
				t.Fatal(err)
			}
			defer again.Close()
			f.Close()
			a, err := c.Dial(network, address)
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			b, err := again.Accept()
			if err != nil {
				t.Fatal(err)
			}
			f, err = b.(interface{ File() (*os.File, error) }).File()
			if err != nil {
				t.Fatal(err)
			}
			b.Close()
			second, err := c.FileConn(f)
			if err != nil {
				t.Fatal(err)
			}
			defer second.Close()
			f.Close()
			echo(t, a, second)
		})
	}
	t.Run("datagrams", func(t *testing.T) {
		old, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer old.Close()
		f, err := old.(*net.UDPConn).File()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		p, err := c.FilePacketConn(f)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		p.WriteTo([]byte("me"), p.LocalAddr())
		if n, _, err := p.ReadFrom(make([]byte, 8)); n != 2 || err != nil {
			t.Error(n, err)
		}
	})
	t.Run("what is none", func(t *testing.T) {
		f := open(t, os.Args[0])
		_, err1 := c.FileConn(f)
		_, err2 := c.FileListener(f)
		_, err3 := c.FilePacketConn(f)
		a, _ := pair(t, c, "tcp")
		_, err4 := c.FromListener(wrongKind{a, nil})
		end, _ := net.Pipe()
		_, err5 := c.FromConn(end)
		for i, err := range []error{err1, err2, err3, err4, err5} {
			if err == nil {
				t.Error("adopted", i)
			}
		}
	})
}

// wrongKind is a connection that says it listens.
type wrongKind struct {
	net.Conn
	net.Listener
}

func (w wrongKind) Addr() net.Addr { return w.Conn.LocalAddr() }
func (w wrongKind) Close() error   { return w.Conn.Close() }
func (w wrongKind) SyscallConn() (syscall.RawConn, error) {
	return w.Conn.(syscall.Conn).SyscallConn()
}

// TestOptions reads back what the defaults are, on both ends.
func TestOptions(t *testing.T) {
	t.Parallel()
	c := newConfig(t)
	off := *c
	off.KeepAlive = -1
	for name, config := range map[string]*netconn.Config{"defaults": c, "no keep-alive": &off} {
		want := map[string]int{"no delay": 1, "keep-alive": 1, "idle": 15, "interval": 15, "count": 9}
		if config == &off {
			want = map[string]int{"no delay": 1, "keep-alive": 0}
		}
		a, b := pair(t, config, "tcp")
		for end, conn := range map[string]net.Conn{"dialled": a, "accepted": b} {
			raw, err := conn.(syscall.Conn).SyscallConn()
			if err != nil {
				t.Fatal(err)
			}
			raw.Control(func(fd uintptr) {
				for what, option := range map[string][2]int{
					"no delay": {unix.IPPROTO_TCP, unix.TCP_NODELAY}, "keep-alive": {unix.SOL_SOCKET, unix.SO_KEEPALIVE},
					"idle": {unix.IPPROTO_TCP, unix.TCP_KEEPIDLE}, "interval": {unix.IPPROTO_TCP, unix.TCP_KEEPINTVL},
					"count": {unix.IPPROTO_TCP, unix.TCP_KEEPCNT},
				} {
					got, err := unix.GetsockoptInt(int(fd), option[0], option[1])
					if value, ok := want[what]; err != nil || ok && got != value {
						t.Errorf("%s, %s: %s is %d, want %d; %v", name, end, what, got, value, err)
					}
				}
			})
		}
	}
}

// TestNoWaitNoSignal shows that what is always ready is never armed.
func TestNoWaitNoSignal(t *testing.T) {
	c := newConfig(t)
	l := listen(t, c, "unix", anyAddress(t, "unix"))
	a, err := c.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	a.Write([]byte("all there is"))
	a.Close()
	b, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if got, err := io.ReadAll(b); string(got) != "all there is" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for _, loop := range c.Loops {
		loop.Do(func() {})
		sigtest.Until(t, "a turn", func() bool { return loop.Stats().Watches == 0 })
		if n := loop.Stats().Received - loop.Stats().Wakeups; n != 0 {
			t.Errorf("%d signals", n)
		}
	}
}
