package load

import (
	"net/netip"
	"time"
)

// Metrics are the results of one run, by their keys.
type Metrics map[string]float64

// Job is what a load process is told.
type Job struct {
	Kind    string // the name of a load in package workload
	Address netip.AddrPort
	PID     int    // the server's
	File    string // the sink's
	Newline bool   // see peer.Contestant

	Size     int // bytes of a request
	Active   int // connections
	Idle     int // connections that are silent
	Rate     int // requests a second; 0: as fast as replies come
	Duration time.Duration
	Most     int // requests, whatever the duration; 0: no limit
	Quick    bool
	Trace    bool // count system calls, whatever it costs
}
