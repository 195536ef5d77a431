package workload

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-067c1534/sigio/bench/load"
	"github.com/seed-067c1534/sigio/bench/peer"
)

// udpEchoCases: each socket has one datagram under way.
func udpEchoCases(o Options) (cases []Case) {
	for _, n := range []int{1, 64} {
		cases = append(cases, Case{
			Name: fmt.Sprintf("udp-echo/%d", n), Group: "udp-echo", X: float64(n), Axis: "sockets",
			Role: peer.EchoUDP, Peer: "net", Metrics: echoMetrics,
			Run: drive(peer.EchoUDP, 0, load.Job{Kind: "udp-echo", Size: 64, Active: n, Duration: o.Duration}),
		})
	}
	return cases
}

// udpEcho is the load.
func udpEcho(j *load.Job) (load.Metrics, error) {
	e, err := newUDPEchoes(j)
	if err != nil {
		return nil, err
	}
	if err := e.run(min(j.Duration/5, 500*time.Millisecond)); err != nil {
		return nil, err
	}
	e.latencies, e.replies, e.lost = load.NewLatencies(), 0, 0
	meter := load.StartMeter(j)
	start := load.Now()
	if err := e.run(j.Duration); err != nil {
		return nil, err
	}
	m := load.Metrics{"rate": float64(e.replies) / seconds(load.Now()-start)}
	meter.Stop(m, e.replies)
	e.latencies.Report(m)
	if e.lost > 0 { // on a loopback device, with one datagram a socket, none should be
		return m, fmt.Errorf("%d replies have not come", e.lost)
	}
	return m, nil
}

// echoSocket is a socket with at most one datagram under way.
type echoSocket struct {
	fd       int
	sequence uint64
	sent     int64
	busy     bool
}

type udpEchoes struct {
	poller               *load.Poller
	sockets              []echoSocket
	request, reply       []byte
	latencies            *load.Latencies
	replies, lost, under int
	end                  int64
}

// lostAfter is how long a reply may take. It is much longer than any should, since
// others may keep a processor from the server.
const lostAfter = int64(2 * time.Second)

func newUDPEchoes(j *load.Job) (*udpEchoes, error) {
	poller, err := load.NewPoller()
	if err != nil {
		return nil, err
	}
	e := &udpEchoes{
		poller: poller, request: make([]byte, j.Size), reply: make([]byte, j.Size+1), sockets: make([]echoSocket, j.Active),
	}
	for i := range e.request {
		e.request[i] = byte(i * 7)
	}
	for i := range e.sockets {
		s := &e.sockets[i]
		if s.fd, err = load.Dial(unix.SOCK_DGRAM, j.Address); err != nil {
			return nil, err
		}
		if err := poller.Add(s.fd, i, unix.EPOLLIN); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// run keeps a datagram under way on each socket for d, then waits for the last ones.
func (e *udpEchoes) run(d time.Duration) error {
	last := load.Now() // when everything was known to be well
	for e.end = last + int64(d); ; {
		now := load.Now() // before the look, which would find what has come by then
		if now < e.end && e.under < len(e.sockets) {
			for i := range e.sockets {
				if err := e.send(i, &e.sockets[i]); err != nil {
					return err
				}
			}
		}
		for _, ev := range e.poller.Ready() {
			if err := e.receive(int(ev.Fd), &e.sockets[ev.Fd]); err != nil {
				return err
			}
		}
		if now-last > lostAfter {
			last = now
			e.giveUp(now - lostAfter)
		}
		if now >= e.end && e.under == 0 {
			return nil
		}
	}
}

// giveUp counts as lost what was sent before a time.
func (e *udpEchoes) giveUp(before int64) {
	for i := range e.sockets {
		if s := &e.sockets[i]; s.busy && s.sent < before {
			s.busy = false
			e.under--
			e.lost++
		}
	}
}

// send sends a socket's next datagram, unless it has one under way.
func (e *udpEchoes) send(i int, s *echoSocket) error {
	if s.busy {
		return nil
	}
	s.sequence++
	e.number(i, s)
	s.sent, s.busy = load.Now(), true
	e.under++
	if n, errno := load.Send(s.fd, e.request); errno != 0 {
		return fmt.Errorf("socket %d: %d bytes sent: %w", i, n, errno)
	}
	return nil
}

func (e *udpEchoes) number(i int, s *echoSocket) {
	binary.LittleEndian.PutUint64(e.request, uint64(i))
	binary.LittleEndian.PutUint64(e.request[8:], s.sequence)
}

func (e *udpEchoes) receive(i int, s *echoSocket) error {
	n, errno := load.Recv(s.fd, e.reply)
	if errno == syscall.EAGAIN {
		return nil
	}
	if errno != 0 {
		return fmt.Errorf("socket %d: receive: %w", i, errno)
	}
	now := load.Now()
	if n == len(e.request) && binary.LittleEndian.Uint64(e.reply[8:]) < s.sequence {
		return nil // one that was given up
	}
	e.number(i, s)
	if !bytes.Equal(e.reply[:n], e.request) {
		return fmt.Errorf("socket %d: reply %d is not the request", i, s.sequence)
	}
	if e.latencies != nil {
		e.latencies.Record(now - s.sent)
	}
	e.replies++
	s.busy = false
	e.under--
	if now >= e.end {
		return nil
	}
	return e.send(i, s)
}
