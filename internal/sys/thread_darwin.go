package sys

import "golang.org/x/sys/unix"

// ThreadID returns the calling thread's id.
func ThreadID() int {
	tid, _, _ := unix.RawSyscall(unix.SYS_THREAD_SELFID, 0, 0, 0)
	return int(tid)
}
