package workload

import (
	"bytes"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-067c1534/sigio/bench/load"
)

// echoConn is a connection with at most one request under way.
type echoConn struct {
	fd       int
	sequence uint64
	due      int64 // when the request was to be sent
	got      int   // bytes of the reply
	busy     bool
}

// echoes are the connections of an echo load. A request has its connection's number in
// it, and its own number on that connection; so has the reply, which must be what the
// dialogue expects to the last byte.
type echoes struct {
	dialogue
	poller *load.Poller
	conns  []echoConn
	reply  []byte

	interval float64 // ns between requests; 0: as fast as replies come
	start    int64
	end      int64
	paced    int // requests that have become due, busy or not
	replies  int
	rate     float64 // replies a second, without those that settle waited for
	under    int     // requests under way
	record   *load.Latencies
}

func newEchoes(j *load.Job, d dialogue) (*echoes, error) {
	poller, err := load.NewPoller()
	if err != nil {
		return nil, err
	}
	e := &echoes{dialogue: d, poller: poller, reply: make([]byte, len(d.want))}
	e.conns = make([]echoConn, j.Active+j.Idle)
	for i := range e.conns {
		c := &e.conns[i]
		if c.fd, err = load.Dial(unix.SOCK_STREAM, j.Address); err != nil {
			return nil, err
		}
		if err := poller.Add(c.fd, i, unix.EPOLLIN); err != nil {
			return nil, err
		}
	}
	// One request on each, so that all are known to be served, the idle ones too.
	if err := e.run(0, nil); err != nil {
		return nil, err
	}
	e.conns = e.conns[:j.Active]
	if j.Rate > 0 {
		e.interval = float64(time.Second) / float64(j.Rate)
	}
	return e, nil
}

// run sends for d, then waits for the last replies.
func (e *echoes) run(d time.Duration, record *load.Latencies) error {
	if err := e.restart(d, record); err != nil {
		return err
	}
	for load.Now() < e.end {
		if e.interval > 0 {
			if err := e.pace(); err != nil {
				return err
			}
		}
		if err := e.receive(); err != nil {
			return err
		}
	}
	e.rate = float64(e.replies) / seconds(load.Now()-e.start)
	return e.settle()
}

// restart begins anew: unpaced, with a request on each connection.
func (e *echoes) restart(d time.Duration, record *load.Latencies) error {
	e.start = load.Now()
	e.end = e.start + int64(d)
	e.paced, e.replies, e.record = 0, 0, record
	for i := range e.conns {
		c := &e.conns[i]
		c.sequence = 0
		if e.interval == 0 {
			if err := e.send(i, c, load.Now()); err != nil {
				return err
			}
		}
	}
	return nil
}

// pace sends what has become due, each request on the next connection. One whose
// connection is busy is sent when that is free again, and is late from now on.
func (e *echoes) pace() error {
	for now := load.Now(); ; e.paced++ {
		due := e.due(e.paced)
		if due > now || due >= e.end {
			return nil
		}
		i := e.paced % len(e.conns)
		if c := &e.conns[i]; !c.busy {
			if err := e.send(i, c, due); err != nil {
				return err
			}
		}
	}
}

// due returns when a request is due.
func (e *echoes) due(n int) int64 { return e.start + int64(float64(n)*e.interval) }

// next sends a connection's next request, if there is to be one by now.
func (e *echoes) next(i int, c *echoConn, now int64) error {
	if e.interval == 0 {
		if now < e.end {
			return e.send(i, c, now)
		}
		return nil
	}
	due := e.due(int(c.sequence)*len(e.conns) + i)
	if due <= now && due < e.end {
		return e.send(i, c, due)
	}
	return nil
}

func (e *echoes) send(i int, c *echoConn, due int64) error {
	e.number(i, c.sequence)
	n, errno := load.Send(c.fd, e.request)
	if errno != 0 || n < len(e.request) {
		return fmt.Errorf("connection %d: %d of %d bytes sent: %v", i, n, len(e.request), errno)
	}
	c.due, c.busy, c.got = due, true, 0
	e.under++
	return nil
}

// receive takes the replies that are there.
func (e *echoes) receive() error {
	for _, ev := range e.poller.Ready() {
		if err := e.take(int(ev.Fd), &e.conns[:cap(e.conns)][ev.Fd]); err != nil {
			return fmt.Errorf("connection %d: %w", ev.Fd, err)
		}
	}
	return nil
}

func (e *echoes) take(i int, c *echoConn) error {
	for c.busy {
		n, errno := load.Recv(c.fd, e.reply[:len(e.reply)-c.got])
		switch {
		case errno == syscall.EAGAIN:
			return nil // the rest comes with another event
		case errno != 0:
			return fmt.Errorf("receive: %w", errno)
		case n == 0:
			return fmt.Errorf("closed by the server before reply %d", c.sequence)
		}
		e.number(i, c.sequence)
		if !bytes.Equal(e.reply[:n], e.want[c.got:c.got+n]) {
			return fmt.Errorf("reply %d is not as expected: %q", c.sequence, e.reply[:min(n, 200)])
		}
		if c.got += n; c.got < len(e.want) {
			continue
		}
		now := load.Now()
		if e.record != nil {
			e.record.Record(now - c.due)
		}
		c.busy = false
		c.sequence++
		e.replies++
		e.under--
		if err := e.next(i, c, now); err != nil {
			return err
		}
		return nil
	}
	// There is nothing under way: this can only be an end, or too much.
	if n, errno := load.Recv(c.fd, e.reply); errno != syscall.EAGAIN {
		return fmt.Errorf("%d bytes that nobody asked for (%v)", n, errno)
	}
	return nil
}

// settle waits for the replies that are still due.
func (e *echoes) settle() error {
	for deadline := load.Now() + int64(10*time.Second); e.under > 0; {
		if load.Now() > deadline {
			return fmt.Errorf("%d replies have not come", e.under)
		}
		if err := e.receive(); err != nil {
			return err
		}
	}
	return nil
}
