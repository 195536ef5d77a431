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
	if o.Verify == 0 {
		o.Verify = defaultVerify
	}
	return o, nil
}
