package output

import (
	"errors"
	"io"
	"syscall"
)

// passes says whether a write that failed so may succeed later with nothing changed
// but the world around it, so that the bytes are worth keeping:
//
//   - ENOSPC, EDQUOT: somebody makes room (write(2)).
//   - EIO: a disk or a network file system that comes back; a terminal whose
//     process group is in the background and orphaned (termios(3), TOSTOP).
//   - EAGAIN: another process has set O_NONBLOCK on the open file description that it
//     shares with us, as ssh and some shells do with a terminal.
//   - EINTR, ENOMEM, ENOBUFS: the moment was bad.
//   - io.ErrShortWrite, io.ErrNoProgress: a Writer that took less than it was given and
//     does not know why.
func passes(err error) bool {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		switch errno {
		case syscall.ENOSPC, syscall.EDQUOT, syscall.EIO, syscall.EAGAIN,
			syscall.EINTR, syscall.ENOMEM, syscall.ENOBUFS:
			return true
		}
		return false
	}
	return errors.Is(err, io.ErrShortWrite) || errors.Is(err, io.ErrNoProgress)
}
