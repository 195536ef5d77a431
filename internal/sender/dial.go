package sender

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// dial makes a connection to the target.
func (r *run) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Timeout)
	defer cancel()
	t := &r.cfg.Target
	network := t.Network
	if network == "tls" {
		network = "tcp"
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, t.Address)
	if err != nil || r.tls == nil {
		return conn, err
	}
	secure := tls.Client(conn, r.tls)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		var d *Distrust
		if err = t.explain(err); !errors.As(err, &d) {
			err = fmt.Errorf("TLS handshake: %w", err)
		}
		return nil, err
	}
	return secure, nil
}

// cut ends a connection at once, without a farewell that the peer might not take.
func cut(conn net.Conn) error {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	return conn.Close()
}

// farewell says to the receiver that nothing more comes, and waits until it ends the connection
// too. Without that, what the receiver has said and nobody has read, such as the tickets of TLS,
// would make the kernel reset the connection, and bytes on their way would be lost (RFC 1122,
// 4.2.2.13). It returns the receiver's refusal, if one has come. The read deadline bounds it.
func (t *Target) farewell(conn *tls.Conn) error {
	err := conn.CloseWrite()
	if err == nil {
		if tcp, ok := conn.NetConn().(*net.TCPConn); ok {
			err = tcp.CloseWrite()
		}
	}
	if why := t.refused(conn); why != nil {
		return why
	}
	return err
}

// refused reads what the receiver says to its end, and returns its refusal, if that is what it says.
// With TLS 1.3 a sender hears only behind the handshake that its certificate is not accepted.
func (t *Target) refused(conn *tls.Conn) error {
	if _, err := io.Copy(io.Discard, conn); refusal(err) != nil {
		return t.explain(err)
	}
	return nil
}

// hurry is what a connection has left when the context has ended: enough for a farewell to a
// receiver that takes what it gets.
const hurry = 100 * time.Millisecond

func hasten(conn net.Conn) { conn.SetDeadline(time.Now().Add(hurry)) }

// bound gives conn the time that cfg allows for one thing. If ctx has ended that is little, and the
// error says so.
func (r *run) bound(ctx context.Context, conn net.Conn) error {
	conn.SetDeadline(time.Now().Add(r.cfg.Timeout))
	if err := ctx.Err(); err != nil { // it may have hastened conn before
		hasten(conn)
		return err
	}
	return nil
}
