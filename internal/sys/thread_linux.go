package sys

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// ThreadID returns the calling thread's id (gettid(2)).
func ThreadID() int {
	tid, _, _ := syscall.RawSyscall(unix.SYS_GETTID, 0, 0, 0)
	return int(tid)
}

// OnMainThread says whether the caller runs on the process's first thread, which
// the Go runtime never ends.
func OnMainThread() bool { return ThreadID() == os.Getpid() }
