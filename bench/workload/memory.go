package workload

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-067c1534/sigio/bench/load"
	"github.com/seed-067c1534/sigio/bench/peer"
)

// memoryCases: connections that are silent, and then each has said one line and is
// silent again. What the kernel needs for them is not counted.
func memoryCases(o Options) []Case {
	n := 10_000
	if o.Quick {
		n = 1000
	}
	return []Case{{
		Name: fmt.Sprintf("memory/%d", n), Group: "memory", Role: peer.SinkTCP, Peer: "net",
		Without: []string{"socat"}, Files: n + 100,
		Metrics: []Metric{
			{Key: "silent", Title: "a silent connection", Unit: Bytes, Less: true},
			{Key: "spoken", Title: "after one line", Unit: Bytes, Less: true},
			{Key: "idle_cpu", Title: "CPU while idle", Unit: Percent, Less: true},
			{Key: "before", Title: "RSS before", Unit: Bytes, Less: true},
			peak,
		},
		Run: drive(peer.SinkTCP, flush, load.Job{Kind: "memory", Idle: n, Duration: o.Duration}),
	}}
}

// memory is the load.
func memory(j *load.Job) (load.Metrics, error) {
	file, err := load.Watch(j.File)
	if err != nil {
		return nil, err
	}
	sent := 0
	message := make([]byte, load.MessageSize+1)
	message[load.MessageSize] = '\n'
	say := func(fd int) error {
		load.Numbered(message, sent)
		if _, errno := load.Send(fd, message); errno != 0 {
			return fmt.Errorf("send: %w", errno)
		}
		sent++
		return nil
	}
	// heard waits for a message of a connection that is opened now: all that
	// were opened before have been accepted then.
	heard := func() error {
		fd, err := load.Dial(unix.SOCK_STREAM, j.Address)
		if err != nil {
			return err
		}
		defer load.Close(fd)
		if err := say(fd); err != nil {
			return err
		}
		if lines, _ := file.Await(sent, 0); lines < sent {
			return fmt.Errorf("%d of %d messages have come", lines, sent)
		}
		return nil
	}
	if err := heard(); err != nil {
		return nil, err
	}
	settle := min(j.Duration, time.Second)
	load.Pause(settle)
	before, _ := load.Memory(j.PID)
	fds, err := dialIdle(j)
	if err != nil {
		return nil, err
	}
	if err := heard(); err != nil {
		return nil, err
	}
	meter := load.StartMeter(j)
	load.Pause(settle)
	m := load.Metrics{}
	meter.Stop(m, 0)
	silent, _ := load.Memory(j.PID)
	for _, fd := range fds {
		if err := say(fd); err != nil {
			return nil, err
		}
	}
	if err := heard(); err != nil {
		return nil, err
	}
	spoken, peak := load.Memory(j.PID)
	each := func(now int64) float64 { return float64(now-before) / float64(j.Idle) }
	m["before"], m["silent"], m["spoken"], m["peak"] = float64(before), each(silent), each(spoken), float64(peak)
	m["idle_cpu"] = 100 * m["cpu"] / settle.Seconds()
	return m, complete(j.File, 0, sent)
}
