package sys

import (
	"os"

	"golang.org/x/sys/unix"
)

// The calls below move data inside the kernel. They look at the descriptors' own
// O_NONBLOCK, so the scheduler is told of them. Errors are bare, EAGAIN included.

// Splice moves up to max bytes from one descriptor to another one, one of which is a
// pipe (splice(2)). 0 means that from is at its end.
func Splice(from, to, max int) (n int, err error) {
	moved, err := unix.Splice(from, nil, to, nil, max, unix.SPLICE_F_NONBLOCK|unix.SPLICE_F_MOVE)
	return int(moved), err
}

// SendFile moves up to max bytes from a regular file, at its present offset, to a
// socket (sendfile(2)). 0 means that the file is at its end.
func SendFile(file, socket, max int) (n int, err error) {
	return unix.Sendfile(socket, file, nil, max)
}

// SetPipeSize asks for a pipe that holds n bytes (F_SETPIPE_SZ, fcntl(2)).
func SetPipeSize(fd, n int) error {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, n)
	return os.NewSyscallError("fcntl", err)
}

// CanSendFile says whether fd is a regular file, which SendFile wants.
func CanSendFile(fd int) bool {
	var st unix.Stat_t
	return unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFREG
}
