package netconn_test

import (
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

// Close waits until the peer has the rest, and the end behind it.
func TestTLSCloseSendsRest(t *testing.T) {
	inBubble(t, func(t *testing.T, c *netconn.TLSConn, peer *tls.Conn, wire *unread) {
		data := leaveRest(t, c, wire, 10000, 700)
		time.AfterFunc(4*time.Second, func() {
			reads(t, peer, data)
			readsEnd(t, peer)
		})
		takes(t, 4*time.Second, func() {
			if err := c.Close(); err != nil {
				t.Error("Close:", err)
			}
		})
		if err := c.Close(); !errors.Is(err, net.ErrClosed) {
			t.Error("the second Close:", err)
		}
	})
}

// Close does not wait for ever for a peer that does not read.
func TestTLSCloseGivesUp(t *testing.T) {
	inBubble(t, func(t *testing.T, c *netconn.TLSConn, peer *tls.Conn, wire *unread) {
		leaveRest(t, c, wire, 10000, 700)
		time.AfterFunc(4*time.Second, func() { // neither gives it more time
			if err := c.SetWriteDeadline(time.Time{}); !errors.Is(err, net.ErrClosed) {
				t.Error("SetWriteDeadline:", err)
			}
			if err := c.Close(); !errors.Is(err, net.ErrClosed) {
				t.Error("the second Close:", err)
			}
		})
		takes(t, 5*time.Second, func() {
			if err := c.Close(); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("Close:", err)
			}
		})
		if _, err := c.Write(nil); !errors.Is(err, net.ErrClosed) {
			t.Error("Write:", err)
		}
		if _, err := io.Copy(io.Discard, peer); err == nil {
			t.Error("the peer read an end that was not sent")
		}
	})
}

// failing is a connection whose writes can be made to fail.
type failing struct {
	net.Conn
	fails chan error // for the next Write
}

func (f *failing) Write(b []byte) (int, error) {
	select {
	case err := <-f.fails:
		return 0, err
	default:
		return f.Conn.Write(b)
	}
}

// stubborn does not obey deadlines.
type stubborn struct{ *failing }

func (stubborn) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

func TestTLSCloseGivesUpWithoutDeadlines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		clientConfig, serverConfig := tlsConfigs(t, tls.VersionTLS13)
		a, b := net.Pipe()
		below := stubborn{&failing{a, make(chan error, 1)}}
		c := netconn.TLSClient(below, clientConfig)
		shakeHands(t, c, tls.Server(b, serverConfig))
		below.fails <- os.ErrDeadlineExceeded
		if n, err := c.Write(make([]byte, 100)); n != 100 || err != nil {
			t.Errorf("Write: %d, %v", n, err)
		}
		takes(t, 5*time.Second, func() {
			if err := c.Close(); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("Close:", err)
			}
		})
	})
}

// Close ends a Write inside a record at once, without another word.
func TestTLSCloseEndsWrite(t *testing.T) {
	inBubble(t, func(t *testing.T, c *netconn.TLSConn, peer *tls.Conn, wire *unread) {
		failed := make(chan error)
		go func() { _, err := c.Write(make([]byte, 100)); failed <- err }()
		synctest.Wait()
		takes(t, 0, func() {
			if err := c.Close(); err != nil {
				t.Error("Close:", err)
			}
			if err := <-failed; !errors.Is(err, io.ErrClosedPipe) {
				t.Error("Write:", err)
			}
		})
		if err := c.Close(); !errors.Is(err, net.ErrClosed) {
			t.Error("the second Close:", err)
		}
	})
}

// A Write that waits for the rest has nothing of its own on the way: it ends at once,
// and the rest is sent.
func TestTLSCloseEndsWriteThatWaits(t *testing.T) {
	inBubble(t, func(t *testing.T, c *netconn.TLSConn, peer *tls.Conn, wire *unread) {
		data := leaveRest(t, c, wire, 10000, 700)
		failed := make(chan error)
		go func() { _, err := c.Write(make([]byte, 100)); failed <- err }()
		synctest.Wait()
		closed := make(chan error)
		go func() { closed <- c.Close() }()
		takes(t, 0, func() {
			if err := <-failed; !errors.Is(err, net.ErrClosed) {
				t.Error("Write:", err)
			}
		})
		reads(t, peer, data)
		readsEnd(t, peer)
		if err := <-closed; err != nil {
			t.Error("Close:", err)
		}
	})
}

func TestTLSCloseWrite(t *testing.T) {
	inBubble(t, func(t *testing.T, c *netconn.TLSConn, peer *tls.Conn, wire *unread) {
		data := leaveRest(t, c, wire, 10000, 700)
		time.AfterFunc(time.Second, func() {
			reads(t, peer, data)
			readsEnd(t, peer)
			peer.Write([]byte("answer"))
		})
		takes(t, time.Second, func() {
			if err := c.CloseWrite(); err != nil {
				t.Error("CloseWrite:", err)
			}
		})
		if _, err := c.Write([]byte("more")); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("Write after CloseWrite:", err)
		}
		reads(t, c, []byte("answer"))
		if err := errors.Join(c.CloseWrite(), c.Close()); err != nil {
			t.Error(err)
		}
	})
}

// CloseWrite gives up waiting, but nothing is lost by that.
func TestTLSCloseWriteGoesOn(t *testing.T) {
	inBubble(t, func(t *testing.T, c *netconn.TLSConn, peer *tls.Conn, wire *unread) {
		data := leaveRest(t, c, wire, 10000, 700)
		takes(t, 5*time.Second, func() { checkTimeout(t, c.CloseWrite()) })
		reads(t, peer, data)
		readsEnd(t, peer)
	})
	t.Run("without a rest", func(t *testing.T) {
		inBubble(t, func(t *testing.T, c *netconn.TLSConn, peer *tls.Conn, wire *unread) {
			takes(t, 5*time.Second, func() { checkTimeout(t, c.CloseWrite()) })
			readsEnd(t, peer)
		})
	})
}

// What goes wrong with the rest comes out at the next Write, and at every one.
func TestTLSPeerGoesAway(t *testing.T) {
	inBubble(t, func(t *testing.T, c *netconn.TLSConn, peer *tls.Conn, wire *unread) {
		leaveRest(t, c, wire, 10000, 700)
		failed := make(chan error)
		go func() { _, err := c.Write([]byte("waits")); failed <- err }()
		synctest.Wait()
		wire.Close()
		if err := <-failed; !errors.Is(err, io.ErrClosedPipe) {
			t.Error("Write that waited:", err)
		}
		for range 2 {
			if n, err := c.Write([]byte("more")); n != 0 || !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("Write: %d, %v", n, err)
			}
		}
		takes(t, 0, func() {
			if err := c.Close(); !errors.Is(err, io.ErrClosedPipe) {
				t.Error("Close:", err)
			}
		})
	})
}

// Who has read the peer's end may close when the peer is gone.
func TestTLSCloseAfterPeer(t *testing.T) {
	inBubble(t, func(t *testing.T, c *netconn.TLSConn, peer *tls.Conn, wire *unread) {
		go peer.CloseWrite()
		readsEnd(t, c)
		wire.Close()
		if err := c.Close(); err != nil {
			t.Error("Close:", err)
		}
	})
}
