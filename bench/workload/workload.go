// Package workload has what the contestants are put to: a file each, with the cases
// as the runner sees them and the load as it runs in its process.
package workload

import (
	"fmt"
	"time"

	"github.com/seed-067c1534/sigio/bench/arena"
	"github.com/seed-067c1534/sigio/bench/load"
	"github.com/seed-067c1534/sigio/bench/peer"
)

// Case is one thing to measure.
type Case struct {
	Name  string // group/parameters
	Group string
	X     float64 // for plots: where in its group it belongs
	Axis  string  // what X is; empty: the case stands alone

	Role    peer.Role
	Metrics []Metric // the first one is what is compared
	Peer    string   // whom the others are compared with
	Without []string // contestants that cannot do it
	Only    func(*peer.Contestant) bool
	Files   int // descriptors that one process needs

	Run func(*arena.Arena, arena.Entry) (load.Metrics, error)
}

// Metric is a column of a table.
type Metric struct {
	Key   string // in load.Metrics
	Title string
	Unit  Unit
	Less  bool // less is better
	// Difference compares by a difference to the peer, not by a ratio.
	Difference bool
}

// Unit says how a number is to be written.
type Unit string

const (
	PerSecond Unit = "/s"
	Time      Unit = "time"  // in ns
	Nano      Unit = "ns"    // with a decimal
	Bytes     Unit = "bytes" // as KiB or MiB
	Seconds   Unit = "s"
	Percent   Unit = "%"
	Ratio     Unit = "ratio" // with two decimals
	Count     Unit = ""
)

var (
	cpu   = Metric{Key: "cpu_per_million", Title: "CPU s/M", Unit: Seconds, Less: true}
	peak  = Metric{Key: "peak", Title: "peak RSS", Unit: Bytes, Less: true}
	calls = Metric{Key: Calls, Title: "calls", Unit: Ratio, Less: true}
	p50   = Metric{Key: "p50", Title: "p50", Unit: Time, Less: true}
	p99   = Metric{Key: "p99", Title: "p99", Unit: Time, Less: true}
	p999  = Metric{Key: "p999", Title: "p99.9", Unit: Time, Less: true}
)

// Calls is the metric for system calls by the server for each request. It comes
// from a run of its own, since to count them slows the server down.
const Calls = "calls"

// Options are what a user may choose for all cases.
type Options struct {
	Quick    bool
	Duration time.Duration
}

// All returns every case.
func All(o Options) []Case {
	var all []Case
	for _, cases := range [][]Case{
		echoCases(o), httpCases(o), idleCases(o), latencyCases(o), connectCases(o), streamCases(o),
		udpCases(o), udpEchoCases(o), memoryCases(o), startCases(o), sizeCases(o), dispatchCases(o),
	} {
		all = append(all, cases...)
	}
	return all
}

// Aliases are names for several groups.
var Aliases = map[string][]string{
	"tcp":   {"tcp-echo", "idle"},
	"udp":   {"udp-rate", "udp-cpu", "udp-flood", "udp-echo"},
	"serve": {"connect", "connect-paced", "stream", "stream-paced", "udp-rate", "udp-cpu", "udp-flood", "latency", "memory", "start"},
}

// Loads are the programs of the load process, by load.Job.Kind.
var Loads = map[string]func(*load.Job) (load.Metrics, error){
	"echo":      echo,
	"http":      httpGet,
	"latency":   latency,
	"connect":   connect,
	"stream":    stream,
	"udp-rate":  udpRate,
	"udp-paced": udpPaced,
	"udp-echo":  udpEcho,
	"memory":    memory,
}

// flush is how long the sinks of this module may hold a line back, unless it is
// latency that is measured.
const flush = 10 * time.Millisecond

// drive makes a Run that starts a server and lets a load loose on it.
func drive(role peer.Role, flush time.Duration, job load.Job) func(*arena.Arena, arena.Entry) (load.Metrics, error) {
	return func(a *arena.Arena, e arena.Entry) (m load.Metrics, err error) {
		s, err := a.Start(e, role, flush)
		if err != nil {
			return nil, err
		}
		defer func() {
			if ended := s.Stop(); ended != nil {
				err = fmt.Errorf("%w (%v)", ended, err)
			}
		}()
		job := job
		job.Address, job.PID, job.File = s.Address, s.PID, s.File
		for _, r := range e.Newline {
			job.Newline = job.Newline || r == role
		}
		return a.Load(job)
	}
}

// seconds returns a duration as a number, for rates.
func seconds(ns int64) float64 { return float64(ns) / 1e9 }
