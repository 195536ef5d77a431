//go:build darwin || freebsd

package sys

import (
	"os"

	"golang.org/x/sys/unix"
)

// Status flags for Flags and SetFlags.
const (
	FlagAsync    = unix.O_ASYNC
	FlagNonblock = unix.O_NONBLOCK
)

// SetOwnerProcess sends the I/O signals of fd to the calling process (F_SETOWN).
func SetOwnerProcess(fd int) error {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETOWN, os.Getpid())
	return os.NewSyscallError("fcntl F_SETOWN", err)
}

// SetAsync turns the signals of fd on or off (O_ASYNC by F_SETFL, which these
// systems check against the file, unlike Linux).
func SetAsync(fd int, on bool) error {
	flags, err := Flags(fd)
	if err != nil {
		return err
	}
	if on {
		return SetFlags(fd, flags|FlagAsync)
	}
	return SetFlags(fd, flags&^FlagAsync)
}

// Flags returns the status flags of fd (F_GETFL).
func Flags(fd int) (int, error) {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	return flags, os.NewSyscallError("fcntl F_GETFL", err)
}

// SetFlags sets them (F_SETFL).
func SetFlags(fd, flags int) error {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETFL, flags)
	return os.NewSyscallError("fcntl F_SETFL", err)
}

func poll(fds []PollFd) (int, error) { return unix.Poll(fds, 0) }
