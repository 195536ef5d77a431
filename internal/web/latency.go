package web

import (
	"math"
	"sync/atomic"
	"time"
)

// bounds are the upper bounds of the histogram's buckets, from 1 us to 10 s. What
// is above the last is in a bucket of its own.
var bounds = func() (list []time.Duration) {
	for decade := time.Microsecond; decade < 10*time.Second; decade *= 10 {
		list = append(list, decade, 2*decade, 5*decade)
	}
	return append(list, 10*time.Second)
}()

const buckets = 23 // len(bounds) + 1

// histogram counts durations. Adding to it takes no lock and no memory.
type histogram struct {
	counts [buckets]atomic.Uint64
	sum    atomic.Int64 // nanoseconds
}

func (h *histogram) add(d time.Duration) {
	d = max(d, 0) // the clock was set back
	i := 0
	for i < len(bounds) && d > bounds[i] {
		i++
	}
	h.counts[i].Add(1)
	h.sum.Add(int64(d))
}

// reading is a histogram at one moment.
type reading struct {
	counts [buckets]uint64
	sum    time.Duration
}

func (h *histogram) read() (r reading) {
	for i := range h.counts {
		r.counts[i] = h.counts[i].Load()
	}
	r.sum = time.Duration(h.sum.Load())
	return r
}

func (r reading) total() (n uint64) {
	for _, c := range r.counts {
		n += c
	}
	return n
}

// since returns what was added after an earlier reading.
func (r reading) since(earlier reading) reading {
	for i := range r.counts {
		r.counts[i] -= earlier.counts[i]
	}
	r.sum -= earlier.sum
	return r
}

// quantile estimates the duration below which q of all are, as if they lay evenly
// in their bucket. It is 0 if there are none.
func (r reading) quantile(q float64) time.Duration {
	total := r.total()
	if total == 0 {
		return 0
	}
	rank := uint64(max(1, math.Ceil(q*float64(total))))
	below := time.Duration(0)
	for i, c := range r.counts {
		if i == len(bounds) {
			break
		}
		if rank <= c {
			return below + time.Duration(float64(bounds[i]-below)*float64(rank)/float64(c))
		}
		rank -= c
		below = bounds[i]
	}
	return bounds[len(bounds)-1] // or more, which is not known
}

// cumulative is the form in which Prometheus has it, with the bounds in seconds.
func (r reading) cumulative() (count uint64, byBound map[float64]uint64) {
	byBound = make(map[float64]uint64, len(bounds))
	for i, b := range bounds {
		count += r.counts[i]
		byBound[b.Seconds()] = count
	}
	return count + r.counts[len(bounds)], byBound
}
