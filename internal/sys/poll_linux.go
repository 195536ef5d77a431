package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// poll is ppoll(2) with a time-out of 0, since some architectures have no
// poll(2). It is raw: it does not wait.
func poll(fds []PollFd) (int, error) {
	var zero unix.Timespec
	n, _, errno := syscall.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(unsafe.SliceData(fds))),
		uintptr(len(fds)), uintptr(unsafe.Pointer(&zero)), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
