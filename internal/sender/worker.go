package sender

import (
	"context"
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

	unrefused int // datagrams sent over conn of which no refusal has come
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
	if w.unrefused > 0 && ctx.Err() == nil {
		w.awaitRefusals()
	}
	w.close()
}

// send sends one message, and says why if it could not.
func (w *worker) send(ctx context.Context, b []byte) error {
	cfg := &w.run.cfg
	if w.conn == nil {
		dialer := net.Dialer{Timeout: cfg.Timeout}
		conn, err := dialer.DialContext(ctx, cfg.Target.Network, cfg.Target.Address)
		if err != nil {
			return err
		}
		w.conn = conn
		w.free = context.AfterFunc(ctx, func() { conn.SetWriteDeadline(time.Unix(1, 0)) })
	}
	if cfg.Target.Network == "udp" {
		return w.datagram(b)
	}
	w.conn.SetWriteDeadline(time.Now().Add(cfg.Timeout))
	if err := ctx.Err(); err != nil { // its deadline may have come before ours
		return err
	}
	_, err := w.conn.Write(b)
	if err != nil || !cfg.KeepOpen {
		return errors.Join(err, w.close())
	}
	return nil
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

// refused makes a failure of a datagram that was counted as sent.
func (w *worker) refused(err error) {
	w.unrefused--
	w.run.recount(err)
}

// close closes the connection if there is one.
func (w *worker) close() error {
	if w.conn == nil {
		return nil
	}
	w.free()
	err := w.conn.Close()
	w.conn = nil
	return err
}
