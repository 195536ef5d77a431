package sigio

import "fmt"

// CanSignal says whether a descriptor can send I/O signals at all, and so be
// watched. It needs no loop and may be called from any goroutine; the descriptor
// need not be non-blocking. It returns
//
//   - nil, if it can;
//   - errors.ErrUnsupported, with the reason, if it cannot: a regular file, a
//     directory, an eventfd, and so on (docs/what-signals.md has a table), or one
//     that was opened with O_PATH;
//   - syscall.EBUSY, if somebody has switched its signals on, if it has a lease, or
//     if it was opened with O_ASYNC: there is no way to find out without disturbing;
//   - the error of a system call: EBADF for what is no descriptor, EPERM for
//     /dev/fuse before it is mounted.
//
// The kernel tells only when it is asked to switch the signals on (ioctl(2),
// FIOASYNC). So that is what CanSignal does, for a moment in which the signals go to
// the calling thread as SIGURG, which the Go runtime takes for one of its own. After
// it the descriptor's owner, signal and flags are what they were; only the user ids
// with which the owner was set (F_GETOWNER_UIDS, fcntl(2)) are then the caller's.
// Nobody else may arm the description in the same moment.
//
// On systems other than Linux it returns errors.ErrUnsupported; there Loop.Watch
// says what can be watched.
func CanSignal(fd int) error {
	if err := canSignal(fd); err != nil {
		return fmt.Errorf("sigio: descriptor %d: %w", fd, err)
	}
	return nil
}
