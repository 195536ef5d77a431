package workload

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/seed-067c1534/sigio/bench/load"
	"github.com/seed-067c1534/sigio/bench/peer"
)

// streamCases: a few connections with messages a line each, as fast as the server
// takes them, or at a fixed rate; into a file.
func streamCases(o Options) []Case {
	job := load.Job{Kind: "stream", Active: 4, Duration: o.Duration, Most: 10_000_000}
	fast := Case{
		Name: "stream", Group: "stream", Role: peer.SinkTCP, Peer: "net",
		Without: []string{"socat"}, // it tears the lines of several connections apart
		Metrics: []Metric{{Key: "rate", Title: "messages/s", Unit: PerSecond}, cpu, calls, peak},
		Run:     drive(peer.SinkTCP, flush, job),
	}
	paced := fast
	job.Rate = 200_000
	paced.Name, paced.Group = "stream-paced", "stream-paced"
	paced.Metrics = []Metric{cpu, {Key: "rate", Title: "messages/s", Unit: PerSecond}, peak}
	paced.Run = drive(peer.SinkTCP, flush, job)
	return []Case{fast, paced}
}

const line = load.MessageSize + 1

// outlet is a connection with what is still to be written to it.
type outlet struct {
	fd   int
	buf  []byte // whole lines
	rest []byte // of buf
}

func (o *outlet) fill(first, count int) {
	buf := o.buf
	for n := range count {
		buf = load.Numbered(buf, first+n)
		buf[0] = '\n'
		buf = buf[1:]
	}
	o.rest = o.buf[:count*line]
}

// write writes what there is room for.
func (o *outlet) write() error {
	n, errno := load.Send(o.fd, o.rest)
	if errno != 0 && errno != syscall.EAGAIN {
		return fmt.Errorf("send: %w", errno)
	}
	o.rest = o.rest[n:]
	return nil
}

// stream is the load. It goes round the connections and never waits for one.
func stream(j *load.Job) (load.Metrics, error) {
	file, err := load.Watch(j.File)
	if err != nil {
		return nil, err
	}
	most := 64 << 10 / line // in one write
	if j.Rate > 0 {
		most = 100
	}
	outlets := make([]outlet, j.Active)
	for i := range outlets {
		outlets[i].buf = make([]byte, most*line)
		if outlets[i].fd, err = load.Dial(unix.SOCK_STREAM, j.Address); err != nil {
			return nil, err
		}
	}
	sent := 0
	round := func(batch int) error {
		for i := range outlets {
			o := &outlets[i]
			if len(o.rest) == 0 && batch > 0 {
				o.fill(sent, batch)
				sent += batch
			}
			if len(o.rest) > 0 {
				if err := o.write(); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if err := round(1); err != nil {
		return nil, err
	}
	if lines, _ := file.Await(sent, 0); lines < sent {
		return nil, fmt.Errorf("the first %d messages: %d have come", sent, lines)
	}
	first := sent
	meter := load.StartMeter(j)
	start := load.Now()
	end := start + int64(j.Duration)
	for now := start; now < end && sent < j.Most; now = load.Now() {
		if j.Rate > 0 && now < start+int64(float64(sent-first)/float64(j.Rate)*1e9) {
			continue
		}
		if err := round(most); err != nil {
			return nil, err
		}
	}
	for i := range outlets { // the last lines
		for len(outlets[i].rest) > 0 {
			if err := outlets[i].write(); err != nil {
				return nil, err
			}
		}
	}
	_, grown := file.Await(sent, 0)
	m := load.Metrics{"rate": float64(sent-first) / seconds(grown-start)}
	meter.Stop(m, sent-first)
	return m, complete(j.File, 0, sent)
}
