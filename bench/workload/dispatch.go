package workload

import (
	"encoding/json"

	"github.com/seed-067c1534/sigio/bench/arena"
	"github.com/seed-067c1534/sigio/bench/load"
	"github.com/seed-067c1534/sigio/bench/peer"
)

// dispatchCases: what it takes to hand out a queue of 256 signals, for each of them.
// The raw loops do nothing but read them, so the difference to one of these is what
// a loop adds to the kernel's part.
func dispatchCases(Options) []Case {
	return []Case{{
		Name: "dispatch", Group: "dispatch", Role: peer.Dispatch, Peer: "signal",
		Files: 3000,
		Metrics: []Metric{
			{Key: "ns", Title: "a signal", Unit: Nano, Less: true, Difference: true},
			{Key: "signals", Title: "signals per event", Unit: Count},
		},
		Run: func(a *arena.Arena, e arena.Entry) (load.Metrics, error) {
			out, err := a.Output(e, peer.Dispatch)
			if err != nil {
				return nil, err
			}
			var m load.Metrics
			return m, json.Unmarshal(out, &m)
		},
	}}
}
