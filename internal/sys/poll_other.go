//go:build !(linux || darwin || freebsd)

package sys

import "errors"

// PollFd is one descriptor to look at. No back end uses it on this system.
type PollFd struct {
	Fd      int32
	Events  int16
	Revents int16
}

// Poll cannot look at anything on this system.
func Poll([]PollFd) (int, error) { return 0, errors.ErrUnsupported }
