package sender

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// ackRequest is the line that asks a receiver for acknowledgements (docs/at-least-once.md).
const ackRequest = "SIGIO ACK 1\n"

// window is how many messages of a worker may be sent and not acknowledged.
const window = 8192

// Waits between connections that fail one after the other.
const (
	firstRetry = 20 * time.Millisecond
	lastRetry  = 500 * time.Millisecond
)

// acked sends messages over one connection after the other until each is acknowledged.
type acked struct {
	run  *run
	open [][]byte // not acknowledged, the oldest first
	sent int      // of open, over the present connection

	conn   net.Conn // nil if there is none
	out    *bufio.Writer
	told   uint64      // acknowledged over this connection
	lines  chan answer // from it
	free   func() bool
	reject map[uint64]string // of this connection: messages that will never be taken

	agreed   bool // a receiver has agreed to acknowledge, over this connection or an earlier one
	retry    time.Duration
	progress time.Time // when the last acknowledgement came, or there was nothing to acknowledge
	why      error     // of the last connection's end
}

// answer is a line of the receiver, or why there are no more.
type answer struct {
	ack    uint64
	number uint64 // of a message that is rejected
	reject string
	err    error
}

var errLost = errors.New("the receiver has lost it")

// workAcked is work for Config.Ack.
func (r *run) workAcked(ctx, taking context.Context) {
	a := &acked{run: r, progress: time.Now()}
	jobs := make(chan []byte)
	go r.encodeAll(taking, jobs)
	for jobs != nil || len(a.open) > 0 {
		if err := a.step(ctx, &jobs); err != nil {
			for range a.open {
				r.count(0, err)
			}
			if ctx.Err() == nil {
				r.fault(fmt.Errorf("sigio: not acknowledged: %w", err)) // the Result says how many
			} else {
				r.interrupted(ctx)
			}
			r.halt()
			break
		}
	}
	if len(a.open) > 0 {
		a.close(cut)
	} else {
		a.close(net.Conn.Close)
	}
	if jobs != nil {
		for range jobs { // lets encodeAll end
		}
	}
}

// encodeAll makes the messages to be sent, with ids.
func (r *run) encodeAll(taking context.Context, jobs chan<- []byte) {
	defer close(jobs)
	for {
		j, ok := r.next(taking)
		if !ok {
			return
		}
		b, err := r.encode(j, time.Now())
		if err != nil {
			r.fault(err)
			r.halt()
			return
		}
		select {
		case jobs <- b:
		case <-taking.Done():
			r.interrupted(taking)
			return
		}
	}
}

// step does one thing: connects, sends what there is to send, or waits for what comes. An error is
// the end.
func (a *acked) step(ctx context.Context, jobs *chan []byte) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	timeout := a.run.cfg.Timeout
	if len(a.open) == 0 {
		a.progress = time.Now()
	} else if since := time.Since(a.progress); since > timeout {
		if a.why == nil {
			a.why = fmt.Errorf("no acknowledgement in %v", timeout)
		}
		return a.why
	}
	if len(a.open) > 0 && a.conn == nil {
		if err := a.connect(ctx); err != nil {
			var d *Distrust
			if errors.As(err, &d) && !a.agreed { // which time will hardly change
				return err
			}
			return a.pause(ctx, err)
		}
	}
	if a.conn != nil && a.sent < len(a.open) {
		a.conn.SetWriteDeadline(time.Now().Add(timeout))
		if err := ctx.Err(); err != nil { // its deadline may have come before ours
			return err
		}
		for ; a.sent < len(a.open); a.sent++ {
			if _, err := a.out.Write(a.open[a.sent]); err != nil {
				return a.pause(ctx, err)
			}
		}
	}
	more := *jobs
	if len(a.open) >= window {
		more = nil
	}
	if more != nil { // without waiting, as long as there are some
		select {
		case b, ok := <-more:
			a.take(jobs, b, ok)
			return nil
		default:
		}
	}
	if a.conn != nil && a.out.Buffered() > 0 {
		if err := a.out.Flush(); err != nil {
			return a.pause(ctx, err)
		}
	}
	var late <-chan time.Time
	if len(a.open) > 0 {
		late = time.After(timeout - time.Since(a.progress) + time.Millisecond)
	}
	select {
	case b, ok := <-more:
		a.take(jobs, b, ok)
	case l := <-a.lines:
		if l.err != nil {
			return a.pause(ctx, l.err)
		}
		a.answered(l)
	case <-late:
	case <-ctx.Done():
	}
	return nil
}

func (a *acked) take(jobs *chan []byte, b []byte, ok bool) {
	if !ok {
		*jobs = nil
		return
	}
	a.open = append(a.open, b)
}

// answered settles what a line tells.
func (a *acked) answered(l answer) {
	if l.reject != "" {
		a.reject[l.number] = l.reject
		return
	}
	for ; a.told < l.ack && a.sent > 0; a.sent-- {
		a.told++
		b := a.open[0]
		a.open = a.open[1:]
		if cause := a.reject[a.told]; cause != "" {
			a.run.count(0, fmt.Errorf("the receiver rejects it: %s", cause))
			delete(a.reject, a.told)
		} else {
			a.run.count(len(b), nil)
		}
		a.progress, a.why, a.retry = time.Now(), nil, 0
	}
}

// connect makes a connection and waits until the receiver agrees to acknowledge.
func (a *acked) connect(ctx context.Context) error {
	cfg := &a.run.cfg
	conn, err := a.run.dial(ctx)
	if err != nil {
		return err
	}
	a.conn, a.out = conn, bufio.NewWriterSize(conn, 64<<10)
	a.told, a.sent, a.reject = 0, 0, map[uint64]string{}
	a.free = context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	conn.SetDeadline(time.Now().Add(cfg.Timeout))
	_, _ = conn.Write([]byte(ackRequest)) // if that fails, what comes says why
	in := bufio.NewScanner(conn)
	if !in.Scan() || in.Text() != "ack 0" {
		var late net.Error
		switch err := cfg.Target.explain(ended(in)); {
		case in.Text() != "":
			return fmt.Errorf("the receiver does not acknowledge, it says %q", in.Text())
		case errors.As(err, &late) && late.Timeout():
			return fmt.Errorf("the receiver does not acknowledge: %w", err)
		default:
			return err
		}
	}
	conn.SetReadDeadline(time.Time{})
	a.agreed, a.lines = true, make(chan answer, 16)
	go readAnswers(in, a.lines)
	return nil
}

var errEnded = errors.New("the receiver has ended the connection")

func ended(in *bufio.Scanner) error {
	if err := in.Err(); err != nil {
		return err
	}
	return errEnded
}

// readAnswers reads the lines of one connection until it ends.
func readAnswers(in *bufio.Scanner, to chan<- answer) {
	defer close(to)
	for in.Scan() {
		verb, rest, _ := strings.Cut(in.Text(), " ")
		var l answer
		var err error
		switch verb {
		case "ack":
			l.ack, err = strconv.ParseUint(rest, 10, 64)
		case "reject":
			number, cause, _ := strings.Cut(rest, " ")
			l.number, err = strconv.ParseUint(number, 10, 64)
			l.reject = cause
		case "lost":
			err = fmt.Errorf("%w: %s", errLost, rest)
		default:
			err = fmt.Errorf("the receiver says %q", in.Text())
		}
		l.err = err
		to <- l
		if err != nil {
			return
		}
	}
	to <- answer{err: ended(in)}
}

// pause ends the connection, because of err, and waits a little. All that is not acknowledged will
// be sent again.
func (a *acked) pause(ctx context.Context, err error) error {
	a.close(cut)
	a.why = err
	a.retry = min(max(2*a.retry, firstRetry), lastRetry)
	select {
	case <-time.After(a.retry):
	case <-ctx.Done():
	}
	return nil
}

func (a *acked) close(how func(net.Conn) error) {
	if a.conn == nil {
		return
	}
	a.free()
	how(a.conn)
	if lines := a.lines; lines != nil {
		for range lines { // lets readAnswers end
		}
	}
	a.conn, a.lines, a.sent = nil, nil, 0
}
