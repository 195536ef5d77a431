package sys

import (
	"time"

	"golang.org/x/sys/unix"
)

// Monotonic returns the time since a moment in the past that does not change while the
// machine is up, by the clock that clock_gettime(2) calls CLOCK_MONOTONIC. It is what other
// processes understand, unlike the monotonic part of a time.Time.
func Monotonic() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &t) != nil {
		return 0 // never, with a clock that every kernel has
	}
	return time.Duration(t.Nano())
}
