package workload

import (
	"fmt"
	"time"

	"github.com/seed-067c1534/sigio/bench/load"
	"github.com/seed-067c1534/sigio/bench/peer"
)

var echoMetrics = []Metric{
	{Key: "rate", Title: "replies/s", Unit: PerSecond}, p50, p99, p999, cpu, calls, peak,
}

// echoCases: each connection has one request under way. The next one is sent when
// the reply has come and was checked.
func echoCases(o Options) (cases []Case) {
	active := []int{1, 10, 100, 1000, 10_000}
	if o.Quick {
		active = []int{1, 100}
	}
	for _, size := range []int{64, 4096} {
		for _, n := range active {
			c := echoCase(o, load.Job{Size: size, Active: n})
			c.Group, c.X, c.Axis = fmt.Sprintf("tcp-echo/%d", size), float64(n), "connections"
			c.Name = fmt.Sprintf("%s/%d", c.Group, n)
			cases = append(cases, c)
		}
	}
	// At a fixed rate that everybody can serve, the processor time tells.
	paced := echoCase(o, load.Job{Size: 64, Active: 100, Rate: 10_000})
	paced.Group, paced.Name = "tcp-echo-paced", "tcp-echo-paced/64/100"
	paced.Metrics = []Metric{cpu, p50, p99, p999, {Key: "rate", Title: "replies/s", Unit: PerSecond}}
	return append(cases, paced)
}

// idleCases: a hundred connections that work, beside many that do not.
func idleCases(o Options) (cases []Case) {
	idle := []int{0, 1000, 10_000}
	if o.Quick {
		idle = []int{1000}
	}
	for _, n := range idle {
		c := echoCase(o, load.Job{Size: 64, Active: 100, Idle: n})
		c.Group, c.X, c.Axis = "idle", float64(n), "idle connections beside 100 active ones"
		c.Name = fmt.Sprintf("idle/%d", n)
		cases = append(cases, c)
	}
	return cases
}

func echoCase(o Options, job load.Job) Case {
	job.Kind = "echo"
	return exchangeCase(o, peer.EchoTCP, "net", job)
}

func exchangeCase(o Options, role peer.Role, rival string, job load.Job) Case {
	job.Duration = o.Duration
	return Case{
		Role: role, Metrics: echoMetrics, Peer: rival,
		Files: job.Active + job.Idle + 100,
		Run:   drive(role, 0, job),
	}
}

// httpCases: the same with requests of HTTP, on connections that stay.
func httpCases(o Options) (cases []Case) {
	active := []int{10, 100, 1000}
	if o.Quick {
		active = []int{10}
	}
	for _, n := range active {
		c := exchangeCase(o, peer.HTTP, "http", load.Job{Kind: "http", Active: n})
		c.Group, c.X, c.Axis = "http", float64(n), "connections"
		c.Name = fmt.Sprintf("http/%d", n)
		cases = append(cases, c)
	}
	return cases
}

// echo is the load.
func echo(j *load.Job) (load.Metrics, error) {
	p, err := newPattern(j.Size)
	if err != nil {
		return nil, err
	}
	return exchange(j, p)
}

func httpGet(j *load.Job) (load.Metrics, error) { return exchange(j, newGet()) }

func exchange(j *load.Job, d dialogue) (load.Metrics, error) {
	e, err := newEchoes(j, d)
	if err != nil {
		return nil, err
	}
	warm := min(j.Duration/5, 500*time.Millisecond)
	if err := e.run(warm, nil); err != nil {
		return nil, err
	}
	latencies := load.NewLatencies()
	meter := load.StartMeter(j)
	if err := e.run(j.Duration, latencies); err != nil {
		return nil, err
	}
	m := load.Metrics{"rate": e.rate}
	meter.Stop(m, e.replies)
	latencies.Report(m)
	return m, nil
}
