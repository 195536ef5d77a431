package sigio

import (
	"fmt"
	"time"

	"github.com/seed-067c1534/sigio/siginfo"
)

// Options set up a loop. The zero value is a good choice.
type Options struct {
	// Signal is the real-time signal that the loop uses, 35 to 64; 0 stands for
	// 40. Numbers below 35 belong to the C library and to the Go runtime.
	// Ignored by the portable back end.
	Signal int
	// Batch is how many signals are taken from the queue at once, 1 or more; 0
	// stands for 256. Each costs 128 bytes of memory.
	Batch int
	// Spin is how long the loop goes on looking at its queue before it sleeps; 0
	// does not spin. It trades processor time for the time of a wake-up.
	Spin time.Duration
	// Linger is for how many turns of the loop a descriptor that was ready again
	// and again may be silent until its signals are switched on again; 0 stands
	// for 24, a negative value for signals that are never switched off. While they
	// are off the loop finds out with poll(2), in each turn, which is cheaper when
	// there is always something. It does not sleep then, unless Coalesce says so.
	Linger int
	// Coalesce lets the loop sleep for that long while hot descriptors are silent
	// rather than look at them all the time: what comes meanwhile is served
	// together, up to Coalesce later (and the kernel's timer slack, 50 us). It is
	// what interrupt coalescing is to a network card: throughput for one-way
	// traffic at less processor time, paid for with latency under load. 0 waits
	// for nobody.
	Coalesce time.Duration
	// Verify is how often every descriptor is checked, and repaired if somebody
	// took away its owner, signal or flags, and looked at for what sends no
	// signal at all (the hang-up of a terminal); 0 stands for 5 s, a negative
	// value for never.
	Verify time.Duration
	// Portable chooses plain SIGIO and poll(2), the back end of other systems,
	// on Linux as well.
	Portable bool
	// RaiseQueueLimit raises the soft limit of queued signals
	// (RLIMIT_SIGPENDING) of the process to the hard one. Linux only.
	RaiseQueueLimit bool
	// Observe is called on the loop's thread for every signal, before anything
	// is made of it. The record is valid during the call. It must not block.
	Observe func(*siginfo.Record)
}

const (
	defaultSignal = 40 // clear of the C libraries' own (32 to 34)
	defaultBatch  = 256
	defaultLinger = 24
	maxLinger     = 1000
	defaultVerify = 5 * time.Second
	firstSignal   = 35
	lastSignal    = 64
)

// complete checks o and fills in what stands for something else.
func (o Options) complete() (Options, error) {
	switch {
	case o.Signal == 0:
		o.Signal = defaultSignal
	case o.Signal < firstSignal || o.Signal > lastSignal:
		return o, fmt.Errorf("sigio: signal %d: want a real-time signal from %d to %d, or 0 for %d",
			o.Signal, firstSignal, lastSignal, defaultSignal)
	}
	switch {
	case o.Batch == 0:
		o.Batch = defaultBatch
	case o.Batch < 0:
		return o, fmt.Errorf("sigio: batch of %d signals: want 1 or more, or 0 for %d", o.Batch, defaultBatch)
	}
	if o.Spin < 0 {
		return o, fmt.Errorf("sigio: spin for %v: want 0 or more", o.Spin)
	}
	switch {
	case o.Linger == 0:
		o.Linger = defaultLinger
	case o.Linger > maxLinger:
		return o, fmt.Errorf("sigio: linger for %d turns: want at most %d, 0 for %d, or less than 0 for never", o.Linger, maxLinger, defaultLinger)
	}
	if o.Coalesce < 0 {
		return o, fmt.Errorf("sigio: coalesce for %v: want 0 or more", o.Coalesce)
	}
	if o.Verify == 0 {
		o.Verify = defaultVerify
	}
	return o, nil
}
