package receiver_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/receiver"
)

// askOver is ask over a connection that is there.
func askOver(t *testing.T, c net.Conn) acked {
	t.Helper()
	send(t, c, receiver.AckRequest)
	a := acked{c, bufio.NewScanner(c)}
	a.expect(t, "ack 0")
	return a
}

// eachStream runs a test over TLS, in both versions, with a certificate of the client, and over a Unix
// socket. connect makes a connection to the receiver, which has one address.
func eachStream(t *testing.T, c receiver.Config, test func(t *testing.T, c receiver.Config, connect func(*receiver.Receiver) net.Conn)) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			a := newAuthority(t)
			a.issue("server", "server")
			a.issue("client", "client")
			pair, err := tls.LoadX509KeyPair(a.path("client.pem"), a.path("client.key"))
			must(t, err)
			c := c
			c.Listen = []string{a.url("server", "&client-ca="+a.ca.File)}
			test(t, c, func(r *receiver.Receiver) net.Conn {
				conn, err := a.dial(r, &tls.Config{MaxVersion: version, Certificates: []tls.Certificate{pair}})
				must(t, err)
				return conn
			})
		})
	}
	t.Run("unix", func(t *testing.T) {
		c := c
		c.Listen = []string{"unix://" + t.TempDir() + "/s"}
		test(t, c, func(r *receiver.Receiver) net.Conn { return dial(t, r, "unix") })
	})
}

// TestAckOverStreams tells outcomes while messages come, on several connections: TLS is written by the
// loop's thread while the connections' goroutines read.
func TestAckOverStreams(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, c receiver.Config) {
		eachStream(t, c, func(t *testing.T, c receiver.Config, connect func(*receiver.Receiver) net.Conn) {
			l := make(later, 1000)
			var telling, sending sync.WaitGroup
			telling.Go(func() {
				for r := range l {
					r.Delivered(1)
				}
			})
			c.Output = l
			r := start(t, nil, c)
			const total = 5000
			for range 3 {
				a := askOver(t, connect(r))
				sending.Go(func() {
					for range total / 10 {
						io.WriteString(a, strings.Repeat("x\n", 10))
					}
				})
				sending.Go(func() {
					a.reach(t, total)
					a.Close()
				})
			}
			sending.Wait()
			stop(t, r)
			close(l)
			telling.Wait()
		})
	})
}

// smallServer starts a receiver whose socket has buffers of so many bytes, or as few as there can be, and
// connects to it in the same way.
func smallServer(t *testing.T, network string, size int, c receiver.Config) (*receiver.Receiver, func() net.Conn) {
	t.Helper()
	small := func(_, _ string, c syscall.RawConn) (err error) {
		controlled := c.Control(func(fd uintptr) {
			err = errors.Join(syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_SNDBUF, size),
				syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, size))
		})
		return errors.Join(err, controlled)
	}
	address := map[string]string{"unix": t.TempDir() + "/s", "tcp": "127.0.0.1:0"}
	a := newAuthority(t)
	a.issue("server", "server")
	given := map[string]string{"tls": "?cert=" + a.path("server.pem") + "&key=" + a.path("server.key")}[network]
	below := strings.Replace(network, "tls", "tcp", 1)
	l, err := (&net.ListenConfig{Control: small}).Listen(t.Context(), below, address[below])
	must(t, err)
	t.Cleanup(func() { l.Close() })
	file, err := l.(interface{ File() (*os.File, error) }).File()
	must(t, err)
	t.Cleanup(func() { file.Close() })
	c.Listen, c.Sockets = []string{"systemd:x" + given}, map[string][]*os.File{"x": {file}}
	return start(t, nil, c), func() net.Conn {
		conn, err := (&net.Dialer{Control: small}).DialContext(t.Context(), below, l.Addr().String())
		must(t, err)
		t.Cleanup(func() { conn.Close() })
		if network == "tls" {
			conn = tls.Client(conn, &tls.Config{RootCAs: a.pool, ServerName: "localhost"})
		}
		return conn
	}
}

// TestAckToSlowReader has a peer that does not read: its acknowledgements hold up nobody, take no memory, and
// the last of them comes when it reads.
func TestAckToSlowReader(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp", "tls", "unix"} {
		t.Run(network, func(t *testing.T) {
			l := make(later, 1)
			r, connect := smallServer(t, network, 1, receiver.Config{Output: l})
			slow, quick := askOver(t, connect()), askOver(t, connect())
			one := func(a acked) {
				send(t, a, "x\n")
				(<-l).Delivered(1)
				must(t, r.Alive(t.Context())) // and so it was written, or there was no room
			}
			const total = 1000
			for range total {
				one(slow)
			}
			one(quick)
			quick.expect(t, "ack 1")
			one(slow)
			lines := 0
			for last := ""; last != fmt.Sprint("ack ", total+1); lines++ {
				last = slow.next(t)
			}
			if lines > total-100 {
				t.Errorf("%d lines have come: there was always room", lines)
			}
		})
	}
}

// TestRejectsNobodyReads has a peer that does not read for long that its messages are rejected: none is
// acknowledged before that was told. If there are too many to remember, it is told to send them again.
func TestRejectsNobodyReads(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp", "tls", "unix"} {
		for text, end := range map[string]string{
			"larger than it may be\n":    "ack 40001",
			"x\nlarger than it may be\n": "lost rejections were not read",
		} {
			t.Run(network+","+end[:4], func(t *testing.T) {
				s := newSink()
				r, connect := smallServer(t, network, 32<<10, receiver.Config{Output: s, MaxMessage: 10})
				a := askOver(t, connect())
				for range 40000 / 100 {
					send(t, a, strings.Repeat(text, 100))
				}
				send(t, a, "last\n")
				// A Unix socket that was accepted has not the listener's buffer but wmem_default, 208 KiB: room for
				// some 9,000 rejections.
				sigtest.Until(t, "the last", func() bool { return s.has("last") && r.Stats().Pending == 0 })
				must(t, r.Alive(t.Context()))
				each := strings.Count(text, "\n") // one of so many messages is rejected
				told, line := 0, ""
				for line = a.next(t); line != end; line = a.next(t) {
					var n int
					if _, err := fmt.Sscanf(line, "ack %d", &n); err == nil {
						if n/each > told {
							t.Fatalf("%q, though %d rejections were told", line, told)
						}
						continue
					}
					if told++; line != fmt.Sprintf("reject %d oversize", told*each) {
						t.Fatalf("%q is rejection %d", line, told)
					}
				}
				if each == 1 && told != 40000 || told < 1000 {
					t.Errorf("%d were told", told)
				}
			})
		}
	}
}

// TestRejectsBehindPending has a message that is not delivered for long, and behind it rejections without
// end, of which none may be told before. They take little memory.
func TestRejectsBehindPending(t *testing.T) {
	s := newSink()
	s.holdBack = true
	r := start(t, s, receiver.Config{MaxMessage: 10})
	a := ask(t, r)
	send(t, a, "first\n")
	const total = 200_000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range total / 1000 {
		send(t, a, strings.Repeat("longer than\n", 1000))
	}
	send(t, a, "last\n")
	awaitCount(t, s, 2)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 4<<20 {
		t.Errorf("%d rejections take %d bytes", total, grown)
	}
	s.settle(2, "")
	told := 0
	for line := a.next(t); line != fmt.Sprint("ack ", total+2); line = a.next(t) {
		if strings.HasSuffix(line, " oversize") {
			told++
		}
	}
	if told != total {
		t.Errorf("%d were told", told)
	}
}

// TestAckAfterHalfClose says that nothing more comes, and gets what is acknowledged by then, and an end.
func TestAckAfterHalfClose(t *testing.T) {
	t.Parallel()
	eachStream(t, receiver.Config{}, func(t *testing.T, c receiver.Config, connect func(*receiver.Receiver) net.Conn) {
		s := newSink()
		a := askOver(t, connect(start(t, s, c)))
		send(t, a, "one\ntwo\nthree")
		must(t, a.Conn.(interface{ CloseWrite() error }).CloseWrite())
		// The third has no newline: it is whole only when the end is known. Whatever this sink is
		// given is delivered at once.
		a.reach(t, 3)
		if a.lines.Scan() || a.lines.Err() != nil {
			t.Errorf("then comes %q, %v", a.lines.Text(), a.lines.Err())
		}
		s.exactly(t, map[string]bool{"one": true, "two": true, "three": true})
	})
}

// TestAckAfterEndOfStreams tells outcomes of connections that are gone, or just about to go.
func TestAckAfterEndOfStreams(t *testing.T) {
	t.Parallel()
	eachStream(t, receiver.Config{}, func(t *testing.T, c receiver.Config, connect func(*receiver.Receiver) net.Conn) {
		s := newSink()
		s.holdBack = true
		r := start(t, s, c)
		const connections = 20
		var all []acked
		for range connections {
			a := askOver(t, connect(r))
			send(t, a, "one\n")
			all = append(all, a)
		}
		awaitCount(t, s, connections)
		var ending sync.WaitGroup
		for i, a := range all {
			ending.Go(func() {
				switch secure, ok := a.Conn.(*tls.Conn); {
				case ok && i%2 == 0:
					secure.NetConn().Close()
				default:
					a.Close()
				}
			})
		}
		ending.Go(func() { s.settle(connections, "") })
		ending.Wait()
		awaitStats(t, r, "all to be delivered, and to end", func(s receiver.Stats) bool {
			return s.Delivered == connections && s.Connections.Open == 0
		})
	})
}

// TestAckBesideHandshakes has connections that are in their handshakes for ever: they do not hold up
// the acknowledgements of others.
func TestAckBesideHandshakes(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	a.issue("server", "server")
	r := start(t, newSink(), receiver.Config{Listen: []string{a.url("server", "")}, FirstByteTimeout: time.Hour})
	for range 20 {
		silent, err := net.Dial("tcp", addresses(r, "tls")[0])
		must(t, err)
		defer silent.Close()
		send(t, silent, "\x16\x03\x01")
	}
	conn, err := a.dial(r, &tls.Config{})
	must(t, err)
	secure := askOver(t, conn)
	for n := range 100 {
		send(t, secure, "x\n")
		secure.expect(t, fmt.Sprintf("ack %d", n+1))
	}
}

// TestAckOfShutdown drains: what has come is acknowledged before the end of TLS.
func TestAckOfShutdown(t *testing.T) {
	t.Parallel()
	eachStream(t, receiver.Config{}, func(t *testing.T, c receiver.Config, connect func(*receiver.Receiver) net.Conn) {
		s := newSink()
		r := start(t, s, c)
		a := askOver(t, connect(r))
		send(t, a, "one\n")
		a.expect(t, "ack 1")
		send(t, a, "two\n")
		stop(t, r)
		a.SetReadDeadline(time.Now().Add(sigtest.Fatal))
		if s.count() == 2 {
			a.expect(t, "ack 2")
		}
		if a.lines.Scan() || a.lines.Err() != nil {
			t.Errorf("then comes %q, %v", a.lines.Text(), a.lines.Err())
		}
	})
}
