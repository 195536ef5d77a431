package workload

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/seed-067c1534/sigio/bench/load"
	"github.com/seed-067c1534/sigio/bench/peer"
)

// connectCases: connect, send a message, close, one after the other, without
// waiting for anything; into a file.
func connectCases(o Options) []Case {
	fast := Case{
		Name: "connect", Group: "connect", Role: peer.SinkTCP, Peer: "net",
		Metrics: []Metric{{Key: "rate", Title: "connections/s", Unit: PerSecond}, cpu, calls, peak},
		Run:     drive(peer.SinkTCP, flush, load.Job{Kind: "connect", Duration: o.Duration}),
	}
	paced := fast
	paced.Name, paced.Group = "connect-paced", "connect-paced"
	paced.Metrics = []Metric{cpu, {Key: "rate", Title: "connections/s", Unit: PerSecond}, peak}
	paced.Without = []string{"socat"} // which cannot keep up
	paced.Run = drive(peer.SinkTCP, flush, load.Job{Kind: "connect", Rate: 5000, Duration: o.Duration})
	return []Case{fast, paced}
}

const (
	// sources is how many addresses of the loopback network the connections
	// come from, in turn: closed ones keep their port for a while.
	sources = 16
	// perSource is how many connections follow one another from one of them.
	perSource = 512
)

// connect is the load.
func connect(j *load.Job) (load.Metrics, error) {
	file, err := load.Watch(j.File)
	if err != nil {
		return nil, err
	}
	message := make([]byte, load.MessageSize+1)
	message[load.MessageSize] = '\n'
	size := load.MessageSize
	if j.Newline {
		size++
	}
	one := func(n int) error {
		from := netip.AddrFrom4([4]byte{127, 0, 1, byte(1 + n/perSource%sources)})
		fd, err := load.DialFrom(unix.SOCK_STREAM, from, j.Address)
		if err != nil {
			return err
		}
		load.Numbered(message, n)
		if sent, errno := load.Send(fd, message[:size]); sent < size {
			return fmt.Errorf("message %d: %d of %d bytes sent: %v", n, sent, size, errno)
		}
		load.Close(fd)
		return nil
	}
	const warm = 100
	for n := range warm {
		if err := one(n); err != nil {
			return nil, err
		}
	}
	if lines, _ := file.Await(warm, 0); lines < warm {
		return nil, fmt.Errorf("the first %d messages: %d have come", warm, lines)
	}
	meter := load.StartMeter(j)
	start := load.Now()
	end := start + int64(j.Duration)
	n := warm
	for now := start; now < end; now = load.Now() {
		if j.Rate > 0 && now < start+int64(float64(n-warm)/float64(j.Rate)*1e9) {
			continue
		}
		if err := one(n); err != nil {
			return nil, err
		}
		n++
	}
	_, grown := file.Await(n, 0)
	m := load.Metrics{"rate": float64(n-warm) / seconds(grown-start)}
	meter.Stop(m, n-warm)
	return m, complete(j.File, 0, n)
}
