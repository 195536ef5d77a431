package workload

import (
	"fmt"
	"math"
	"time"

	"github.com/seed-067c1534/sigio/bench/load"
	"github.com/seed-067c1534/sigio/bench/peer"
)

// udpCases: messages one way, a datagram each, into a file: the highest rate without
// loss, the processor time at a fixed rate, and the loss when there are too many.
func udpCases(o Options) []Case {
	one := func(name string, job load.Job, metrics ...Metric) Case {
		job.Duration = o.Duration
		return Case{
			Name: name, Group: name, Role: peer.SinkUDP, Peer: "net",
			Metrics: append(metrics, peak), Run: drive(peer.SinkUDP, flush, job),
		}
	}
	lost := Metric{Key: "lost", Title: "lost", Unit: Percent, Less: true}
	rate := Metric{Key: "rate", Title: "received/s", Unit: PerSecond}
	return []Case{
		one("udp-rate", load.Job{Kind: "udp-rate"}, Metric{Key: "rate", Title: "without loss/s", Unit: PerSecond}, cpu),
		one("udp-cpu", load.Job{Kind: "udp-paced", Rate: 100_000}, cpu, rate, lost, calls),
		one("udp-flood", load.Job{Kind: "udp-paced", Most: 3_000_000}, rate, lost, cpu, calls,
			Metric{Key: "offered", Title: "offered/s", Unit: PerSecond},
			Metric{Key: "unseen", Title: "lost after receipt", Unit: Count, Less: true}),
	}
}

// udpRun is a server's file and the sender for it.
type udpRun struct {
	*load.Sender
	job  *load.Job
	file *load.Watched
}

func newUDPRun(j *load.Job, grouped bool) (*udpRun, error) {
	file, err := load.Watch(j.File)
	if err != nil {
		return nil, err
	}
	sender, err := load.NewSender(j.Address, j.Newline, grouped)
	if err != nil {
		return nil, err
	}
	u := &udpRun{Sender: sender, job: j, file: file}
	// The server may have its socket before it is ready to read.
	if err := sender.Send(20); err != nil {
		return nil, err
	}
	if lines, _ := file.Await(20, 0); lines < 20 {
		return nil, fmt.Errorf("the first 20 messages: %d have come", lines)
	}
	return u, file.Clear()
}

// udpResult is what became of the datagrams of a step.
type udpResult struct {
	sent, lost, dropped int
	offered             float64 // datagrams a second
	received            float64
	load.Metrics
}

// step sends, waits, and checks the file. Whatever is in it must have been sent.
func (u *udpRun) step(rate float64, d time.Duration) (r udpResult, err error) {
	if err := u.file.Clear(); err != nil {
		return r, err
	}
	most := u.job.Most
	if most == 0 {
		most = math.MaxInt
	}
	first, drops := u.Next, load.Drops(u.job.Address)
	meter := load.StartMeter(u.job)
	start := load.Now()
	sent, took, err := u.Run(rate, d, most)
	if err != nil {
		return r, err
	}
	lines, grown := u.file.Await(sent, 500*time.Millisecond)
	r = udpResult{sent: sent, dropped: load.Drops(u.job.Address) - drops, offered: float64(sent) / seconds(took), Metrics: load.Metrics{}}
	r.received = float64(lines) / seconds(max(took, grown-start))
	meter.Stop(r.Metrics, max(lines, 1))
	tally := load.NewTally(first, sent)
	if err := tally.ReadFile(u.job.File); err != nil {
		return r, err
	}
	r.lost = tally.Missing()
	return r, tally.Err()
}

// udpPaced is a load of one step.
func udpPaced(j *load.Job) (load.Metrics, error) {
	u, err := newUDPRun(j, j.Rate == 0)
	if err != nil {
		return nil, err
	}
	r, err := u.step(float64(j.Rate), j.Duration)
	if err != nil {
		return nil, err
	}
	m := r.Metrics
	m["rate"], m["offered"] = r.received, r.offered
	m["lost"] = 100 * float64(r.lost) / float64(r.sent)
	m["unseen"] = float64(max(0, r.lost-r.dropped))
	return m, nil
}

const (
	lowestRate  = 20_000.0
	highestRate = 3_000_000.0
	precision   = 1.05
)

// udpRate is a load that searches for the highest rate without loss, by halving the
// logarithm.
func udpRate(j *load.Job) (load.Metrics, error) {
	u, err := newUDPRun(j, true)
	if err != nil {
		return nil, err
	}
	best := load.Metrics{"rate": 0}
	low, high := lowestRate, highestRate
	if j.Quick {
		high = lowestRate * 2
	}
	for high/low > precision {
		rate := math.Sqrt(low * high)
		r, err := u.step(rate, j.Duration)
		if err != nil {
			return nil, err
		}
		switch {
		case r.lost > 0:
			high = rate
		case r.offered < rate*0.98: // the sender's own limit
			best = r.Metrics
			best["rate"] = r.offered
			return best, nil
		default:
			low = rate
			best = r.Metrics
			best["rate"] = r.offered
		}
	}
	return best, nil
}
