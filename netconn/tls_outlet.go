package netconn

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// outlet is the net.Conn below crypto/tls, which never tells it that a write timed out.
//
// A record that was encrypted has to be sent: the next one is encrypted with the next
// number (RFC 8446, 5.3). So what the connection has not taken by the user's deadline
// stays here as the rest, whose goroutine sends it without a deadline, and crypto/tls
// hears that all was written. While there is a rest, nobody else writes to the
// connection; what crypto/tls writes is added to it.
//
// crypto/tls calls Write for one record at a time, in the order of their numbers.
type outlet struct {
	net.Conn
	limit   time.Duration // how long the end may take
	lasting atomic.Bool   // the handshake is done: time-outs are kept from crypto/tls

	mu       sync.Mutex
	deadline time.Time     // the user's, and from shut on the end's
	rest     []byte        // what its goroutine writes; nil: there is no goroutine
	err      error         // why nothing is sent any more
	busy     bool          // a Write is inside crypto/tls
	finished bool          // crypto/tls has said close_notify
	ended    bool          // the peer has said close_notify
	closed   bool          // by shut
	changed  chan struct{} // closed when something of the above changes; nil: nobody waits
}

// maxRest is the most that a rest may have: a record of the user's, and many times what
// TLS sends by itself (a KeyUpdate's answer has 27 bytes, an alert 24). Only a peer
// that goes on asking for answers without reading any gets there.
const maxRest = 64 << 10

var errUnread = errors.New("netconn: the TLS peer asks for answers and does not read them")

// Write sends a record for crypto/tls, or keeps it.
func (o *outlet) Write(record []byte) (int, error) {
	if o.waits(record) {
		return len(record), nil
	}
	n, err := o.Conn.Write(record)
	if err != nil {
		return o.failed(record, n, err)
	}
	return n, nil
}

// waits adds a record to the rest, if there is one. What follows an error goes nowhere;
// begin and last tell of it. If crypto/tls heard of it from an answer that a Read has to
// send, it would not take the keys that the peer uses next (handleKeyUpdate).
func (o *outlet) waits(record []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.err != nil:
	case o.rest == nil:
		return false
	case len(o.rest)+len(record) > maxRest:
		o.err = errUnread
		o.wake()
	default:
		o.rest = append(o.rest, record...)
	}
	return true
}

// failed says what crypto/tls is to hear about a record of which n bytes were written.
func (o *outlet) failed(record []byte, n int, err error) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case !o.lasting.Load():
		return n, err
	case errors.Is(err, os.ErrDeadlineExceeded):
		o.keep(record[n:])
	case o.busy: // the Write is to hear it at once
		return n, err
	case o.closed && o.ended:
		// It is a close_notify for a peer that has said its own, and has gone.
	default:
		o.err = err
	}
	return len(record), nil
}

// keep makes b the rest. The memory is crypto/tls's, which uses it again.
func (o *outlet) keep(b []byte) {
	if len(b) == 0 {
		return
	}
	o.rest = append([]byte(nil), b...)
	o.Conn.SetWriteDeadline(time.Time{})
	go o.sendRest(o.rest)
}

func (o *outlet) sendRest(b []byte) {
	for len(b) > 0 {
		n, err := o.Conn.Write(b)
		b = o.sent(n, err)
	}
}

// sent takes n bytes off the rest and returns what is to be sent next: what is left,
// which wait may add to behind its end; nothing at the end of the rest.
func (o *outlet) sent(n int, err error) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rest = o.rest[n:]
	if len(o.rest) > 0 && err == nil {
		return o.rest
	}
	if len(o.rest) > 0 && o.err == nil {
		o.err = err
	}
	o.rest = nil
	o.Conn.SetWriteDeadline(o.deadline)
	o.wake()
	return nil
}

// begin lets a Write go on into crypto/tls, until end. It waits for the rest.
func (o *outlet) begin() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		switch {
		case o.closed:
			return o.opError("write", net.ErrClosed)
		case o.err != nil:
			return o.err
		case o.finished: // for crypto/tls's own error
			o.busy = true
			return nil
		case passed(o.deadline):
			return o.opError("write", os.ErrDeadlineExceeded)
		case o.rest == nil:
			o.busy = true
			return nil
		}
		o.sleep(o.deadline)
	}
}

// end is called when crypto/tls has taken a Write's record.
func (o *outlet) end() {
	o.mu.Lock()
	o.busy = false
	o.mu.Unlock()
}

// setDeadline is the user's SetWriteDeadline. The rest has none.
func (o *outlet) setDeadline(t time.Time) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return o.opError("set", net.ErrClosed)
	}
	o.deadline = t
	o.wake()
	if o.rest != nil {
		return nil
	}
	return o.Conn.SetWriteDeadline(t)
}

// peerEnded is called when a Read has met the end.
func (o *outlet) peerEnded() {
	o.mu.Lock()
	o.ended = true
	o.mu.Unlock()
}

// SetWriteDeadline is called by crypto/tls before and after close_notify, whose time
// the TLSConn has limited already.
func (o *outlet) SetWriteDeadline(time.Time) error { return nil }

// finish is called when crypto/tls has written close_notify, and waits until limit for
// it to be sent. From then on the deadline is in the past, as in crypto/tls, so that a
// Read which has to answer something does not wait.
func (o *outlet) finish(limit time.Time) error {
	o.setDeadline(time.Now())
	o.mu.Lock()
	defer o.mu.Unlock()
	o.finished = true
	o.drain(limit)
	if o.rest != nil {
		return o.opError("write", os.ErrDeadlineExceeded)
	}
	return o.err
}

// shut begins the end, before crypto/tls's Close. What is on its way then has its time
// limited; also the answer of a Read, which would keep crypto/tls's Close waiting for
// its lock.
func (o *outlet) shut() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return net.ErrClosed
	}
	o.closed = true
	o.wake()
	o.deadline = time.Now().Add(o.limit)
	o.Conn.SetWriteDeadline(o.deadline)
	return nil
}

// Close is called by crypto/tls: at the end of its own, which is at once if there is a
// Write inside it, or of a handshake.
func (o *outlet) Close() error {
	lost := o.last()
	if err := o.Conn.Close(); err != nil {
		return err
	}
	if lost != nil {
		return fmt.Errorf("netconn: closed before all was sent: %w", lost)
	}
	return nil
}

// last waits for the rest, after shut, and says why it is not sent.
func (o *outlet) last() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		o.drain(o.deadline)
	}
	if o.rest != nil {
		return os.ErrDeadlineExceeded
	}
	return o.err
}

// NetConn returns the connection, for a tls.ClientHelloInfo.
func (o *outlet) NetConn() net.Conn { return o.Conn }

// drain waits, with mu held, until there is no rest, or until limit.
func (o *outlet) drain(limit time.Time) {
	for o.rest != nil && !passed(limit) {
		o.sleep(limit)
	}
}

// sleep waits for a change, or for t unless that is zero. It gives mu away meanwhile.
func (o *outlet) sleep(t time.Time) {
	if o.changed == nil {
		o.changed = make(chan struct{})
	}
	changed := o.changed
	var late <-chan time.Time
	if !t.IsZero() {
		timer := time.NewTimer(time.Until(t))
		defer timer.Stop()
		late = timer.C
	}
	o.mu.Unlock()
	defer o.mu.Lock()
	select {
	case <-changed:
	case <-late:
	}
}

func (o *outlet) wake() {
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
}

func (o *outlet) opError(op string, err error) error {
	e := &net.OpError{Op: op, Source: o.LocalAddr(), Addr: o.RemoteAddr(), Err: err}
	if e.Source != nil {
		e.Net = e.Source.Network()
	}
	return e
}

// passed says whether the deadline t is over.
func passed(t time.Time) bool { return !t.IsZero() && !time.Now().Before(t) }
