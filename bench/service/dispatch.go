package service

import (
	"encoding/json"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// DispatchBatch is how many descriptors become ready at once.
	DispatchBatch = 256
	// dispatchGroups of them take turns, so that none is ready twice running.
	dispatchGroups = 4
	dispatchRounds = 4000
)

// Dispatch makes batches of descriptors ready, and collects how long each batch
// took to be handed out.
type Dispatch struct {
	ours, theirs []int // the two ends of pairs of datagram sockets
	rounds       int
	took         []time.Duration
}

// NewDispatch opens the sockets.
func NewDispatch() (*Dispatch, error) {
	d := new(Dispatch)
	for range DispatchBatch * dispatchGroups {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return nil, os.NewSyscallError("socketpair", err)
		}
		d.theirs = append(d.theirs, pair[0])
		d.ours = append(d.ours, pair[1])
	}
	return d, nil
}

// Descriptors returns those that become ready.
func (d *Dispatch) Descriptors() []int { return d.theirs }

// Next empties the last batch and makes the next one ready. It returns false when
// there have been enough.
func (d *Dispatch) Next() bool {
	var b [1]byte
	for _, fd := range d.group(d.rounds + dispatchGroups - 1) {
		unix.Read(d.theirs[fd], b[:]) // of the first round: EAGAIN
	}
	if d.rounds == dispatchRounds {
		return false
	}
	for _, fd := range d.group(d.rounds) {
		if _, err := unix.Write(d.ours[fd], b[:]); err != nil {
			Fatal(os.NewSyscallError("write", err))
		}
	}
	d.rounds++
	return true
}

// group returns the indexes of a round's pairs.
func (d *Dispatch) group(round int) []int {
	all := make([]int, DispatchBatch)
	for i := range all {
		all[i] = round%dispatchGroups*DispatchBatch + i
	}
	return all
}

// Took notes how long a batch took.
func (d *Dispatch) Took(t time.Duration) { d.took = append(d.took, t) }

// Print writes the median for a signal, as the metrics of a run. Received is how
// many signals there were.
func (d *Dispatch) Print(received uint64) {
	slices.Sort(d.took)
	json.NewEncoder(os.Stdout).Encode(map[string]float64{
		"ns":      float64(d.took[len(d.took)/2].Nanoseconds()) / DispatchBatch,
		"signals": float64(received) / float64(len(d.took)*DispatchBatch),
	})
}
