//go:build linux || darwin || freebsd

package sys

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// PollFd is one descriptor to look at: the events asked for, and those found.
type PollFd = unix.PollFd

// Poll looks at the descriptors and does not wait: poll(2) with a time-out of 0.
func Poll(fds []PollFd) (int, error) {
	for {
		n, err := poll(fds)
		if err != syscall.EINTR {
			return n, os.NewSyscallError("poll", err)
		}
	}
}
