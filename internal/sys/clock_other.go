//go:build !linux

package sys

import "time"

var started = time.Now()

// Monotonic returns the time since this process started.
func Monotonic() time.Duration { return time.Since(started) }
