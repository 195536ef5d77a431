package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// ThreadID returns the calling thread's id (thr_self(2)).
func ThreadID() int {
	var tid int
	unix.RawSyscall(unix.SYS_THR_SELF, uintptr(unsafe.Pointer(&tid)), 0, 0)
	return tid
}
