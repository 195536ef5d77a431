package netconn

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// TLSConn is a TLS connection that goes on after a write that timed out. It works on
// any net.Conn and on every system; crypto/tls does the TLS.
//
// For a [tls.Conn] a write that times out is the end: part of a record may be on its
// way, and "all future writes will return the same error" (tls.Conn.SetWriteDeadline).
// A TLSConn keeps what is left of that record, and has it written by a goroutine that
// lives no longer than that takes. Everything else is crypto/tls's: the handshake,
// which a deadline still ends for good, reading, errors, alerts.
//
// Its methods may be called from any goroutine, but not from a loop's own.
type TLSConn struct {
	tls     *tls.Conn
	out     *outlet
	writing sync.Mutex // held by one Write, so that others do not get between its records
}

var _ net.Conn = (*TLSConn)(nil)

// TLSClient returns the client's end of a TLS connection over conn, which is the
// TLSConn's own from then on. The config is as for [tls.Client]: it needs a ServerName,
// or InsecureSkipVerify. Nothing is sent before the first use, or Handshake.
func TLSClient(conn net.Conn, config *tls.Config) *TLSConn {
	return newTLSConn(conn, config, tls.Client)
}

// TLSServer returns the server's end, as [tls.Server] does. In the config's functions
// [tls.ClientHelloInfo].Conn is no more than a net.Conn around conn, whose method
// NetConn returns that one.
func TLSServer(conn net.Conn, config *tls.Config) *TLSConn {
	return newTLSConn(conn, config, tls.Server)
}

func newTLSConn(conn net.Conn, config *tls.Config, side func(net.Conn, *tls.Config) *tls.Conn) *TLSConn {
	out := &outlet{Conn: conn, limit: closeLimit}
	return &TLSConn{tls: side(out, config), out: out}
}

// Handshake is HandshakeContext without a context.
func (c *TLSConn) Handshake() error { return c.HandshakeContext(context.Background()) }

// HandshakeContext does the handshake, unless it is done; the first Read or Write does
// it otherwise. It waits for the peer, the deadlines, or the end of ctx, which closes
// the connection. A handshake that failed, because its time was over as well, is the
// end of the connection: its error comes again from every call.
func (c *TLSConn) HandshakeContext(ctx context.Context) error {
	if c.out.lasting.Load() {
		return nil
	}
	err := c.tls.HandshakeContext(ctx)
	if err == nil {
		c.out.lasting.Store(true)
	}
	return err
}

// Read reads from the connection (net.Conn). It waits for data, the end (io.EOF), the
// read deadline (os.ErrDeadlineExceeded), after which it can be called again, or Close
// (net.ErrClosed). An answer that TLS asks of it (RFC 8446, 4.6.3) does not make it
// wait longer than the write deadline.
func (c *TLSConn) Read(b []byte) (n int, err error) {
	if err := c.Handshake(); err != nil {
		return 0, err
	}
	if n, err = c.tls.Read(b); err == io.EOF {
		c.out.peerEnded()
	}
	return n, err
}

// Write writes b (net.Conn). It waits until the connection has taken all of it, for
// the write deadline (os.ErrDeadlineExceeded), or for Close (net.ErrClosed).
//
// The n bytes that it says it wrote reach the peer, once and in their order, unless the
// connection breaks; the others do not, and may be written again. The error is nil if
// n is len(b), and only then. After a write that timed out the last up to 16 KiB of the
// n bytes may still be on their way; the next Write waits for them first. With a
// deadline that has passed before, nothing at all is written, not even a handshake.
//
// If those bytes cannot be sent, the error comes from every later Write. All other
// errors that are not about a deadline are permanent as well (crypto/tls).
func (c *TLSConn) Write(b []byte) (n int, err error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	for {
		if err := c.out.begin(); err != nil {
			return n, err
		}
		m, err := c.writeRecord(b[n:min(n+maxRecord, len(b))])
		c.out.end()
		n += m
		if err != nil || n == len(b) {
			return n, err
		}
	}
}

// maxRecord is the most that one record carries (RFC 8446, 5.1). In a connection's
// first 128 KiB crypto/tls makes several smaller ones of that (dynamic record sizing).
const maxRecord = 16 << 10

func (c *TLSConn) writeRecord(b []byte) (int, error) {
	if err := c.Handshake(); err != nil {
		return 0, err
	}
	return c.tls.Write(b)
}

// closeLimit is how long Close and CloseWrite wait for the peer, as in crypto/tls.
const closeLimit = 5 * time.Second

// Close says to the peer that this was all (close_notify, RFC 8446, 6.1), after what
// an earlier Write has left, and closes the connection (net.Conn). It waits up to 5 s
// for that, and returns an error if something could not be sent (a close_notify alone
// may fail when the peer has said its own and has gone). Every Read and Write ends with
// net.ErrClosed, which is also what a second call returns.
//
// A Write that waits for the connection at that moment has a record half sent: then
// Close closes it at once, without another word. To do that in any case, close
// NetConn.
func (c *TLSConn) Close() error {
	if err := c.out.shut(); err != nil {
		return err
	}
	return c.tls.Close()
}

// CloseWrite says to the peer that this was all, without closing the connection: the
// peer reads io.EOF, and can go on writing. It waits for a Write that goes on, and
// then up to 5 s; its error is os.ErrDeadlineExceeded if something is still on its way
// then, which goes on. The handshake must be complete. It uses the write deadline;
// every Write that follows fails.
func (c *TLSConn) CloseWrite() error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if !c.out.lasting.Load() {
		return errEarly
	}
	limit := time.Now().Add(c.out.limit)
	c.out.setDeadline(limit)
	if err := c.tls.CloseWrite(); err != nil {
		return err
	}
	return c.out.finish(limit)
}

var errEarly = errors.New("netconn: CloseWrite before the TLS handshake is complete")

// ConnectionState says what the handshake agreed on. It waits for one that goes on.
func (c *TLSConn) ConnectionState() tls.ConnectionState { return c.tls.ConnectionState() }

// NetConn returns the connection below. To read from it, to write to it, or to set its
// deadlines breaks the TLS connection; to close it ends everything at once.
func (c *TLSConn) NetConn() net.Conn { return c.out.Conn }

// LocalAddr returns the address of this end (net.Conn).
func (c *TLSConn) LocalAddr() net.Addr { return c.out.LocalAddr() }

// RemoteAddr returns the address of the other end (net.Conn).
func (c *TLSConn) RemoteAddr() net.Addr { return c.out.RemoteAddr() }

// SetDeadline is SetReadDeadline and SetWriteDeadline (net.Conn).
func (c *TLSConn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline makes reads end at t, the one that waits included, with an error
// that is os.ErrDeadlineExceeded and whose Timeout is true; never, if t is zero
// (net.Conn).
func (c *TLSConn) SetReadDeadline(t time.Time) error { return c.out.Conn.SetReadDeadline(t) }

// SetWriteDeadline is SetReadDeadline for writes. Those that waited can be repeated
// from where they ended.
func (c *TLSConn) SetWriteDeadline(t time.Time) error { return c.out.setDeadline(t) }
