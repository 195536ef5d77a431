package workload

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-067c1534/sigio/bench/load"
	"github.com/seed-067c1534/sigio/bench/peer"
)

// latencyCases: one connection sends a message every two milliseconds, beside idle
// ones, and the time is taken until the file has grown. No sink holds anything back.
func latencyCases(o Options) (cases []Case) {
	idle := []int{0, 10_000}
	if o.Quick {
		idle = []int{100}
	}
	for _, n := range idle {
		job := load.Job{Kind: "latency", Idle: n, Rate: 500, Duration: o.Duration}
		cases = append(cases, Case{
			Name: fmt.Sprintf("latency/%d", n), Group: "latency", X: float64(n), Axis: "idle connections",
			Role: peer.SinkTCP, Peer: "net", Files: n + 100, Without: []string{"socat"},
			Metrics: []Metric{p50, p99, p999, cpu, peak},
			Run:     drive(peer.SinkTCP, 0, job),
		})
	}
	return cases
}

// latency is the load.
func latency(j *load.Job) (load.Metrics, error) {
	fds, err := dialIdle(j)
	if err != nil {
		return nil, err
	}
	defer func() {
		for _, fd := range fds {
			load.Close(fd)
		}
	}()
	g, err := newGrowth(j.File)
	if err != nil {
		return nil, err
	}
	active, err := load.Dial(unix.SOCK_STREAM, j.Address)
	if err != nil {
		return nil, err
	}
	message := make([]byte, load.MessageSize+1)
	message[load.MessageSize] = '\n'
	interval := int64(time.Second) / int64(j.Rate)
	n := int(int64(j.Duration) / interval)
	latencies := load.NewLatencies()
	one := func(number int) error {
		load.Numbered(message, number)
		if _, errno := load.Send(active, message); errno != 0 {
			return fmt.Errorf("send: %w", errno)
		}
		return g.await(number + 1)
	}
	const warm = 20
	for i := range warm {
		if err := one(i); err != nil {
			return nil, err
		}
	}
	meter := load.StartMeter(j)
	start := load.Now()
	for i := range n {
		due := start + int64(i)*interval
		for load.Now() < due {
		}
		if err := one(warm + i); err != nil {
			return nil, err
		}
		latencies.Record(load.Now() - due)
	}
	m := load.Metrics{}
	meter.Stop(m, n)
	latencies.Report(m)
	return m, complete(j.File, 0, warm+n)
}

// dialIdle opens the connections that stay silent.
func dialIdle(j *load.Job) ([]int, error) {
	fds := make([]int, j.Idle)
	var err error
	for i := range fds {
		if fds[i], err = load.Dial(unix.SOCK_STREAM, j.Address); err != nil {
			return nil, fmt.Errorf("idle connection %d: %w", i, err)
		}
	}
	return fds, nil
}

// complete checks that a file has count messages from first on, each once.
func complete(path string, first, count int) error {
	t := load.NewTally(first, count)
	if err := t.ReadFile(path); err != nil {
		return err
	}
	if err := t.Err(); err != nil {
		return err
	}
	if missing := t.Missing(); missing > 0 {
		return fmt.Errorf("%d of %d messages are missing in the file", missing, count)
	}
	return nil
}

// growth waits for a file to grow, by inotify(7), without sleeping.
type growth struct {
	inotify int
	file    *load.Watched
	buf     [4096]byte
}

func newGrowth(path string) (*growth, error) {
	w, err := load.Watch(path)
	if err != nil {
		return nil, err
	}
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("inotify_init1", err)
	}
	_, err = unix.InotifyAddWatch(fd, path, unix.IN_MODIFY)
	return &growth{inotify: fd, file: w}, os.NewSyscallError("inotify_add_watch", err)
}

// await waits until the file has n lines.
func (g *growth) await(n int) error {
	for deadline := load.Now() + int64(5*time.Second); ; {
		_, err := unix.Read(g.inotify, g.buf[:])
		switch {
		case err == nil:
			if g.file.Lines() >= n {
				return nil
			}
		case err != syscall.EAGAIN && err != syscall.EINTR:
			return os.NewSyscallError("read", err)
		case load.Now() > deadline:
			return fmt.Errorf("message %d is not in the file after 5 s", n-1)
		}
	}
}
