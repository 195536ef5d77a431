package netconn_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/netconn"
	"golang.org/x/sys/unix"
)

// fill writes until there is no room.
func fill(t testing.TB, c net.Conn) {
	t.Helper()
	c.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
	for {
		if _, err := c.Write(make([]byte, 1<<20)); err != nil {
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal(err)
			}
			break
		}
	}
	c.SetWriteDeadline(time.Time{})
}

func TestCloseEndsWhatWaits(t *testing.T) {
	t.Parallel()
	c := newConfig(t)
	for _, network := range []string{"tcp", "unix"} {
		a, b := pair(t, c, network)
		fill(t, a)
		l := listen(t, c, network, anyAddress(t, network))
		var group sync.WaitGroup
		waits := func(what string, f func() error) {
			for range 3 {
				group.Go(func() {
					if err := f(); !errors.Is(err, net.ErrClosed) {
						t.Errorf("%s, %s: %v", network, what, err)
					}
				})
			}
		}
		waits("read", func() error { _, err := a.Read(make([]byte, 1)); return err })
		waits("write", func() error { _, err := a.Write(make([]byte, 64<<20)); return err })
		waits("accept", func() error { _, err := l.Accept(); return err })
		time.AfterFunc(20*time.Millisecond, func() { a.Close(); l.Close() })
		within(t, "Close", group.Wait)
		b.Close()
	}
}

// TestNumbersAreNotMixedUp closes and opens connections while others read and write,
// so that an operation with a number that was used again would show.
func TestNumbersAreNotMixedUp(t *testing.T) {
	t.Parallel()
	c := newConfig(t)
	l := listen(t, c, "tcp", "127.0.0.1:0")
	var servers, group sync.WaitGroup
	servers.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			servers.Go(func() {
				defer conn.Close()
				var b [1]byte
				if _, err := io.ReadFull(conn, b[:]); err != nil {
					return
				}
				for { // says what it was told, for ever
					if _, err := conn.Write([]byte{b[0], b[0], b[0], b[0]}); err != nil {
						return
					}
				}
			})
		}
	})
	for i := range byte(8) {
		group.Go(func() {
			for range 20 {
				conn, err := c.Dial("tcp", l.Addr().String())
				if err != nil {
					t.Error(err)
					return
				}
				var readers sync.WaitGroup
				conn.Write([]byte{i})
				for range 2 {
					readers.Go(func() {
						buf := make([]byte, 64)
						for {
							n, err := conn.Read(buf)
							for _, got := range buf[:n] {
								if got != i {
									t.Errorf("connection %d reads what is for %d", i, got)
								}
							}
							if err != nil {
								if !errors.Is(err, net.ErrClosed) && !errors.Is(err, syscall.ECONNRESET) {
									t.Error(err)
								}
								return
							}
						}
					})
				}
				conn.Read(make([]byte, 1))
				conn.Close()
				readers.Wait()
			}
		})
	}
	within(t, "closing in the middle of reads", group.Wait)
	l.Close()
	within(t, "the servers' end", servers.Wait)
}

func TestPeersThatMisbehave(t *testing.T) {
	t.Parallel()
	c := newConfig(t)
	t.Run("a reset ends a read and a write that wait", func(t *testing.T) {
		a, b := pair(t, c, "tcp")
		fill(t, a)
		b.(*netconn.TCPConn).SetLinger(0)
		var group sync.WaitGroup
		group.Go(func() {
			if _, err := a.Write(make([]byte, 1<<20)); !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
				t.Error(err)
			}
		})
		group.Go(func() {
			if _, err := io.Copy(io.Discard, a); err != nil && !errors.Is(err, syscall.ECONNRESET) {
				t.Error(err)
			}
		})
		time.AfterFunc(20*time.Millisecond, func() { b.Close() })
		within(t, "a reset", group.Wait)
	})
	t.Run("half close", func(t *testing.T) {
		for _, network := range []string{"tcp", "unix"} {
			a, b := pair(t, c, network)
			a.Write([]byte("question"))
			a.(interface{ CloseWrite() error }).CloseWrite()
			within(t, "half close", func() {
				if got, err := io.ReadAll(b); string(got) != "question" || err != nil {
					t.Errorf("%q, %v", got, err)
				}
				b.Write([]byte("answer"))
				b.Close()
				if got, err := io.ReadAll(a); string(got) != "answer" || err != nil {
					t.Errorf("%q, %v", got, err)
				}
			})
		}
	})
	t.Run("a peer that stops reading, and goes on", func(t *testing.T) {
		for _, network := range []string{"tcp", "unix"} {
			a, b := pair(t, c, network)
			const much = 64 << 20
			go func() {
				if n, err := a.Write(make([]byte, much)); n != much || err != nil {
					t.Error(n, err)
				}
				a.Close()
			}()
			within(t, "a slow reader", func() {
				buf, total := make([]byte, 1<<20), 0
				for i := 0; ; i++ {
					n, err := b.Read(buf)
					if total += n; err != nil {
						break
					}
					if i%64 == 0 {
						b.SetReadDeadline(time.Now().Add(time.Millisecond))
						b.SetReadDeadline(time.Time{})
					}
				}
				if total != much {
					t.Errorf("%s: %d of %d bytes", network, total, much)
				}
			})
		}
	})
}

// TestNoDescriptorsLeft is what a server lives through that has too many clients.
func TestNoDescriptorsLeft(t *testing.T) {
	if !sigtest.Alone(t) {
		return
	}
	c := newConfig(t)
	l := listen(t, c, "tcp", "127.0.0.1:0")
	a, err := c.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	none := before
	none.Cur = 3
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &none); err != nil {
		t.Fatal(err)
	}
	_, err = l.Accept()
	_, dialErr := c.Dial("tcp", l.Addr().String())
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	var temporary interface{ Temporary() bool }
	if !errors.Is(err, syscall.EMFILE) || !errors.As(err, &temporary) || !temporary.Temporary() {
		t.Errorf("accept without descriptors: %v", err)
	}
	if !errors.Is(dialErr, syscall.EMFILE) {
		t.Errorf("dial without descriptors: %v", dialErr)
	}
	within(t, "Accept when there are descriptors again", func() {
		b, err := l.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		b.Close()
	})
}

// silent is an address that answers nothing: its queue is full.
func silent(t *testing.T) string {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: sa.(*unix.SockaddrInet4).Port}).String()
	for { // until nobody gets in
		conn, err := net.DialTimeout("tcp", address, 100*time.Millisecond)
		if err != nil {
			return address
		}
		t.Cleanup(func() { conn.Close() })
	}
}

func TestDialIsEnded(t *testing.T) {
	t.Parallel()
	c := newConfig(t)
	address := silent(t)
	t.Run("by a deadline", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, err := c.DialContext(ctx, "tcp", address)
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() || !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
	t.Run("by Timeout", func(t *testing.T) {
		quick := *c
		quick.Timeout = 20 * time.Millisecond
		_, err := quick.Dial("tcp", address)
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Error(err)
		}
	})
	t.Run("by cancellation", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(20*time.Millisecond, cancel)
		_, err := c.DialContext(ctx, "tcp", address)
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// TestLoopEnds is a program that closes the loop too early.
func TestLoopEnds(t *testing.T) {
	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer loop.Close()
	c := &netconn.Config{Loops: []*sigio.Loop{loop}}
	a, b := pair(t, c, "tcp")
	time.AfterFunc(20*time.Millisecond, func() { loop.Close() })
	within(t, "a read whose loop ends", func() {
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	within(t, "a read after the loop's end", func() {
		if _, err := b.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	within(t, "Close after the loop's end", func() {
		if err := errors.Join(a.Close(), b.Close()); err != nil {
			t.Error(err)
		}
	})
}

// Deadlines that are set while somebody waits, and ones that pass with data there.
func TestDeadlines(t *testing.T) {
	t.Parallel()
	c := newConfig(t)
	a, b := pair(t, c, "tcp")
	read := func() error { _, err := a.Read(make([]byte, 1)); return err }

	a.SetReadDeadline(time.Now().Add(time.Hour))
	time.AfterFunc(20*time.Millisecond, func() { a.SetReadDeadline(time.Now()) })
	within(t, "a deadline that is set while a read waits", func() {
		if err := read(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
	})
	b.Write([]byte("x"))
	if err := read(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("data was there, but the time was over:", err)
	}
	a.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	a.SetReadDeadline(time.Time{})
	time.AfterFunc(50*time.Millisecond, func() { b.Write([]byte("y")) })
	within(t, "reads without a deadline", func() {
		if err := errors.Join(read(), read()); err != nil {
			t.Error("a deadline that was taken back:", err)
		}
	})
	a.SetWriteDeadline(time.Unix(1, 0))
	if _, err := a.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
	a.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	start := time.Now()
	within(t, "a deadline", func() {
		if err := read(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
	})
	if took := time.Since(start); took < 15*time.Millisecond {
		t.Errorf("a deadline of 20 ms passed after %v", took)
	}
}
