package sys

import (
	"os"

	"golang.org/x/sys/unix"
)

// Pipe makes a pipe: r reads what w writes. The caller owns both ends.
func Pipe() (r, w int, err error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return -1, -1, os.NewSyscallError("pipe2", err)
	}
	return fds[0], fds[1], nil
}

// MakeFIFO makes a named pipe, fifo(7), that its owner alone may use.
func MakeFIFO(path string) error {
	return os.NewSyscallError("mkfifo", unix.Mkfifo(path, 0o600))
}

// Open opens an existing file with os.O_RDONLY, O_WRONLY or O_RDWR, without
// waiting and without becoming the controlling terminal's process. The write
// end of a FIFO that nobody reads gives ENXIO. The caller owns the descriptor.
func Open(path string, flag int) (fd int, err error) {
	for {
		fd, err = unix.Open(path, flag|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
		if err != unix.EINTR {
			break
		}
	}
	if err != nil {
		return -1, os.NewSyscallError("open", err)
	}
	return fd, nil
}

// Eventfd makes an eventfd(2) counter, one of the descriptors that cannot send
// I/O signals. The caller owns it.
func Eventfd() (fd int, err error) {
	fd, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return -1, os.NewSyscallError("eventfd2", err)
	}
	return fd, nil
}

// Dup makes a second descriptor for the same open file description. The caller
// owns it.
func Dup(fd int) (int, error) {
	d, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("fcntl", err)
	}
	return d, nil
}

// DupTo closes number and makes it a second descriptor for what fd refers to,
// in one step, so that no one else can get the number (dup3(2)).
func DupTo(fd, number int) error {
	return os.NewSyscallError("dup3", unix.Dup3(fd, number, unix.O_CLOEXEC))
}

// PipeSize returns how many bytes a pipe holds.
func PipeSize(fd int) (int, error) {
	n, err := unix.FcntlInt(uintptr(fd), unix.F_GETPIPE_SZ, 0)
	if err != nil {
		return 0, os.NewSyscallError("fcntl", err)
	}
	return n, nil
}
