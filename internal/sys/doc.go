// Package sys is the one door to the kernel: every system call of sigio, and
// every use of package unsafe, is in here. Each function is a thin wrapper
// named after what it does; it keeps no state and makes no decision, so that
// all of those can be read, and tested, elsewhere.
//
// Calls that can never sleep (fcntl, ioctl, poll with no time-out, a socket call
// with MSG_DONTWAIT) are raw: the Go scheduler is not told, because telling it
// costs as much as the call. [Sleep] tells it, and so do read, write, accept and
// close of any descriptor, which a stranger may have made blocking.
//
// Errors of calls on the hot path are bare [syscall.Errno] values, which do not
// allocate; calls made once return an [os.SyscallError].
package sys
