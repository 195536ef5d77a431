//go:build !linux

package sys

import (
	"errors"
	"time"
)

// SignalTimer stands for a POSIX timer; there is none here.
type SignalTimer int32

// Clocks of a SignalTimer.
const (
	ClockRealtime  = 0
	ClockMonotonic = 1
	ClockBoottime  = 7
)

// NewSignalTimer makes none.
func NewSignalTimer(int, int, uintptr) (SignalTimer, error) { return 0, errors.ErrUnsupported }

// Set does nothing.
func (SignalTimer) Set(time.Duration, time.Duration) error { return errors.ErrUnsupported }

// Delete does nothing.
func (SignalTimer) Delete() error { return errors.ErrUnsupported }
