//go:build !(linux || darwin || freebsd)

package sys

// PollFd is one descriptor to look at. No back end uses it on this system.
type PollFd struct {
	Fd      int32
	Events  int16
	Revents int16
}
