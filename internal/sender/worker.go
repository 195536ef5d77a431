package sender

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"syscall"
	"time"
)

// refusalWait is how long a worker waits after its last datagram for the news that nobody listens
// there. From the own machine it comes before Write has returned, from a near one within this time.
const refusalWait = 20 * time.Millisecond

// worker sends one message at a time.
type worker struct {
	run  *run
	conn net.Conn    // nil if none is open
	free func() bool // takes back that the end of the context interrupts conn

	unrefused int // messages sent over conn that a refusal would concern: of UDP and TLS
}

// work sends messages until there are no more. taking is ctx, but ends earlier when there shall be
// no more.
func (r *run) work(ctx, taking context.Context) {
	w := worker{run: r}
	for {
		j, ok := r.next(taking)
		if !ok {
			break
		}
		b, err := r.encode(j, time.Now())
		if err != nil {
			r.fault(err)
			r.halt()
			break
		}
		err = w.send(ctx, b)
		if err != nil && ctx.Err() != nil { // neither sent nor failed
			r.interrupted(ctx)
			break
		}
		r.count(len(b), err)
	}
	w.end(ctx)
}

// end ends the last connection.
func (w *worker) end(ctx context.Context) {
	if w.conn == nil {
		return
	}
	if w.run.cfg.Target.Network == "udp" && ctx.Err() == nil {
		w.awaitRefusals()
	}
	w.refusedAll(w.finish(ctx))
}

// send sends one message, and says why if it could not.
func (w *worker) send(ctx context.Context, b []byte) error {
	cfg := &w.run.cfg
	if w.conn == nil {
		conn, err := w.run.dial(ctx)
		if err != nil {
			return err
		}
		w.conn, w.unrefused = conn, 0
		w.free = context.AfterFunc(ctx, func() { hasten(conn) })
	}
	if cfg.Target.Network == "udp" {
		return w.datagram(b)
	}
	if err := w.run.bound(ctx, w.conn); err != nil {
		return err
	}
	if _, err := w.conn.Write(b); err != nil {
		return w.fail(err)
	}
	if !cfg.KeepOpen && cfg.Target.Stream() {
		return w.finish(ctx)
	}
	w.unrefused++
	return nil
}

// fail ends the connection, over which writing has failed with err. It returns the receiver's
// reason, if there is one.
func (w *worker) fail(err error) error {
	conn, ok := w.conn.(*tls.Conn)
	var late net.Error
	if ok && !(errors.As(err, &late) && late.Timeout()) {
		if why := w.run.cfg.Target.refused(conn); why != nil {
			w.refusedAll(why)
			err = why
		}
	}
	w.close(cut)
	return err
}

// finish ends the connection as a sender does that has sent everything, also if ctx has ended.
func (w *worker) finish(ctx context.Context) error {
	conn, ok := w.conn.(*tls.Conn)
	if !ok {
		return w.close(net.Conn.Close)
	}
	_ = w.run.bound(ctx, conn)
	return errors.Join(w.run.cfg.Target.farewell(conn), w.close(cut))
}

// datagram sends b. That nobody listens is told to a socket only when it is next used (udp(7)):
// such an error belongs to an earlier datagram, and b has not been sent yet.
func (w *worker) datagram(b []byte) error {
	for {
		_, err := w.conn.Write(b)
		if err == nil {
			w.unrefused++
			return nil
		}
		if w.unrefused == 0 || !errors.Is(err, syscall.ECONNREFUSED) {
			return err
		}
		w.refused(err)
	}
}

// awaitRefusals waits for the outcome of the last datagrams.
func (w *worker) awaitRefusals() {
	w.conn.SetReadDeadline(time.Now().Add(refusalWait))
	for w.unrefused > 0 {
		_, err := w.conn.Read(make([]byte, 1))
		switch {
		case errors.Is(err, syscall.ECONNREFUSED):
			w.refused(err)
		case err != nil:
			return
		}
	}
}

// refused makes a failure of a message that was counted as sent.
func (w *worker) refused(err error) {
	w.unrefused--
	w.run.recount(err)
}

// refusedAll is refused for all that have gone over the connection, if err is that the receiver did
// not accept the certificate: it has taken none of them then.
func (w *worker) refusedAll(err error) {
	var d *Distrust
	for errors.As(err, &d) && w.unrefused > 0 {
		w.refused(err)
	}
}

// close closes the connection in one way or another.
func (w *worker) close(how func(net.Conn) error) error {
	w.free()
	err := how(w.conn)
	w.conn = nil
	return err
}
