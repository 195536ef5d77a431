package load

import (
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// Latencies is a histogram from a nanosecond to a minute, to three digits.
type Latencies struct{ h *hdr.Histogram }

// NewLatencies makes an empty one.
func NewLatencies() *Latencies { return &Latencies{hdr.New(1, int64(time.Minute), 3)} }

// Record notes a time in nanoseconds. Where requests are paced it is counted from
// the moment when the request was due, so that one that had to wait for another
// counts in full: that is the correction for coordinated omission.
func (l *Latencies) Record(ns int64) {
	if l.h.RecordValue(ns) != nil { // beyond a minute
		l.h.RecordValue(int64(time.Minute))
	}
}

// Report adds p50, p99 and p99.9 to m, in nanoseconds.
func (l *Latencies) Report(m Metrics) {
	m["p50"] = float64(l.h.ValueAtQuantile(50))
	m["p99"] = float64(l.h.ValueAtQuantile(99))
	m["p999"] = float64(l.h.ValueAtQuantile(99.9))
}
