package netconn_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-067c1534/sigio/netconn"
)

// These tests have a net.Pipe below, which takes exactly what the peer reads, and the
// time of testing/synctest, in which nothing is early or late. A bubble whose
// goroutines do not all end is an error.

// unread is a connection that gives back first what was read from it already.
type unread struct {
	net.Conn
	head bytes.Buffer
}

func (u *unread) Read(b []byte) (int, error) {
	if u.head.Len() > 0 {
		return u.head.Read(b)
	}
	return u.Conn.Read(b)
}

// take reads n bytes off the wire, before the TLS peer does.
func (u *unread) take(t *testing.T, n int) {
	t.Helper()
	if _, err := io.CopyN(&u.head, u.Conn, int64(n)); err != nil {
		t.Error(err)
	}
}

// isSilent checks that there is nothing on the wire.
func (u *unread) isSilent(t *testing.T) {
	t.Helper()
	u.Conn.SetReadDeadline(time.Now().Add(time.Second))
	if n, err := u.Conn.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the wire has %d bytes, %v", n, err)
	}
	u.Conn.SetReadDeadline(time.Time{})
}

// inBubble runs f with a TLSConn, its peer by crypto/tls, and the wire between them.
func inBubble(t *testing.T, f func(t *testing.T, c *netconn.TLSConn, peer *tls.Conn, wire *unread)) {
	t.Parallel()
	for _, version := range tlsVersions {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				clientConfig, serverConfig := tlsConfigs(t, version)
				a, b := net.Pipe()
				wire := &unread{Conn: b}
				c, peer := netconn.TLSClient(a, clientConfig), tls.Server(wire, serverConfig)
				defer a.Close()
				defer b.Close()
				shakeHands(t, c, peer)
				f(t, c, peer, wire)
			})
		})
	}
}

// takes checks how long f takes.
func takes(t *testing.T, want time.Duration, f func()) {
	t.Helper()
	start := time.Now()
	f()
	if took := time.Since(start); took != want {
		t.Errorf("took %v, not %v", took, want)
	}
}

func timesOut(t *testing.T, c net.Conn, size int) {
	t.Helper()
	n, err := c.Write(make([]byte, size))
	if n != 0 {
		t.Errorf("%d bytes were written", n)
	}
	checkTimeout(t, err)
}

// leaveRest makes a rest of a write of size bytes, of which the wire has taken some.
func leaveRest(t *testing.T, c *netconn.TLSConn, wire *unread, size, taken int) []byte {
	t.Helper()
	data := bytes.Repeat([]byte("rest"), size/4)
	c.SetWriteDeadline(time.Now().Add(time.Second))
	took := make(chan struct{})
	go func() { defer close(took); wire.take(t, taken) }()
	takes(t, time.Second, func() {
		if n, err := c.Write(data); n != len(data) || err != nil {
			t.Fatalf("Write: %d, %v", n, err)
		}
	})
	<-took
	c.SetWriteDeadline(time.Time{})
	return data
}

func reads(t *testing.T, c net.Conn, want []byte) {
	t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d of %d bytes were read, or others, %v", n, len(want), err)
	}
}

func readsEnd(t *testing.T, c net.Conn) {
	t.Helper()
	if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("no end, but %d bytes, %v", n, err)
	}
}

func TestTLSPastDeadlineWritesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, c *netconn.TLSConn, peer *tls.Conn, wire *unread) {
		c.SetWriteDeadline(time.Now())
		takes(t, 0, func() {
			timesOut(t, c, 0)
			timesOut(t, c, 1)
			timesOut(t, c, 100000)
		})
		wire.isSilent(t)
		c.SetDeadline(time.Time{})
		go c.Write([]byte("now"))
		reads(t, peer, []byte("now"))
	})
}

func TestTLSRestIsSent(t *testing.T) {
	for _, taken := range []int{0, 1, 5, 6, 1000, 1208} { // a record's header has 5 bytes
		inBubbleOnce := func(t *testing.T, c *netconn.TLSConn, peer *tls.Conn, wire *unread) {
			data := leaveRest(t, c, wire, 10000, taken)
			c.SetWriteDeadline(time.Now())
			takes(t, 0, func() { timesOut(t, c, 3) })
			c.SetWriteDeadline(time.Now().Add(time.Minute))
			takes(t, time.Minute, func() { timesOut(t, c, 3) })

			// A deadline that is set meanwhile counts at once.
			c.SetWriteDeadline(time.Time{})
			takes(t, time.Second, func() {
				time.AfterFunc(time.Second, func() { c.SetWriteDeadline(time.Now()) })
				timesOut(t, c, 3)
			})
			c.SetWriteDeadline(time.Now().Add(time.Second))
			takes(t, time.Hour, func() {
				time.AfterFunc(time.Second/2, func() { c.SetWriteDeadline(time.Now().Add(time.Hour - time.Second/2)) })
				timesOut(t, c, 3)
			})

			// And none is left for what is sent later.
			c.SetWriteDeadline(time.Time{})
			go func() {
				if n, err := c.Write([]byte("and on")); n != 6 || err != nil {
					t.Errorf("Write: %d, %v", n, err)
				}
			}()
			reads(t, peer, data)
			reads(t, peer, []byte("and on"))

			// A deadline that is set during a rest is the connection's after it.
			data = leaveRest(t, c, wire, 10000, taken)
			c.SetWriteDeadline(time.Now().Add(time.Minute))
			reads(t, peer, data)
			synctest.Wait()
			takes(t, time.Minute, func() { c.Write(make([]byte, 16)) })
			reads(t, peer, make([]byte, 16))
		}
		t.Run("", func(t *testing.T) { inBubble(t, inBubbleOnce) })
	}
}

// Of a write of much, n is what arrives.
func TestTLSPartIsCounted(t *testing.T) {
	inBubble(t, func(t *testing.T, c *netconn.TLSConn, peer *tls.Conn, wire *unread) {
		data := bytes.Repeat([]byte("0123456789abcdef"), 1<<14)
		c.SetWriteDeadline(time.Now().Add(time.Second))
		go reads(t, peer, data[:100000])
		n, err := c.Write(data)
		checkTimeout(t, err)
		if n < 100000 || n > 100000+2*(16<<10) {
			t.Errorf("%d bytes were written", n)
		}
		go func() {
			if err := c.CloseWrite(); err != nil {
				t.Error("CloseWrite:", err)
			}
		}()
		reads(t, peer, data[100000:n])
		readsEnd(t, peer)
	})
}

// A time-out during the handshake is the end, as for crypto/tls; one before it is not.
func TestTLSHandshakeTimesOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		clientConfig, serverConfig := tlsConfigs(t, tls.VersionTLS13)
		a, b := net.Pipe()
		wire := &unread{Conn: b}
		c := netconn.TLSClient(a, clientConfig)
		c.SetWriteDeadline(time.Now())
		timesOut(t, c, 1)
		if err := c.CloseWrite(); err == nil {
			t.Error("CloseWrite before the handshake has no error")
		}
		timesOut(t, c, 1) // which the deadline has survived
		wire.isSilent(t)
		c.SetWriteDeadline(time.Time{})
		shakeHands(t, c, tls.Server(wire, serverConfig))
		a.Close()

		a, _ = net.Pipe()
		c = netconn.TLSClient(a, clientConfig)
		c.SetDeadline(time.Now().Add(time.Second))
		takes(t, time.Second, func() { checkTimeout(t, c.Handshake()) })
		c.SetDeadline(time.Time{})
		takes(t, 0, func() {
			if _, err := c.Write(make([]byte, 1)); err == nil {
				t.Error("a connection goes on after its handshake timed out")
			}
			c.Close()
		})

		a, b = net.Pipe()
		c = netconn.TLSServer(a, serverConfig)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		takes(t, time.Second, func() {
			if err := c.HandshakeContext(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Error("HandshakeContext:", err)
			}
		})
		if _, err := b.Read(make([]byte, 1)); err != io.EOF {
			t.Error("the connection is open after HandshakeContext's end:", err)
		}
	})
}
