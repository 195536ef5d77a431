package sys

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// QueueProcess sends signo with a value to a process (rt_sigqueueinfo(2), si_code
// SI_QUEUE).
func QueueProcess(pid, signo int, value int32) error {
	native := queueInfo(signo, value)
	_, _, errno := syscall.RawSyscall(unix.SYS_RT_SIGQUEUEINFO, uintptr(pid), uintptr(signo),
		uintptr(unsafe.Pointer(&native)))
	return named("rt_sigqueueinfo", errno)
}

// QueueThreadOf sends it to one thread of a process (rt_tgsigqueueinfo(2)).
func QueueThreadOf(pid, tid, signo int, value int32) error {
	native := queueInfo(signo, value)
	_, _, errno := syscall.RawSyscall6(unix.SYS_RT_TGSIGQUEUEINFO, uintptr(pid), uintptr(tid),
		uintptr(signo), uintptr(unsafe.Pointer(&native)), 0, 0)
	return named("rt_tgsigqueueinfo", errno)
}

// QueueHandle sends it to the process that a pidfd stands for
// (pidfd_send_signal(2)).
func QueueHandle(pidfd uintptr, signo int, value int32) error {
	native := queueInfo(signo, value)
	_, _, errno := syscall.RawSyscall6(unix.SYS_PIDFD_SEND_SIGNAL, pidfd, uintptr(signo),
		uintptr(unsafe.Pointer(&native)), 0, 0, 0)
	return named("pidfd_send_signal", errno)
}

func queueInfo(signo int, value int32) (native [recordSize]byte) {
	putQueueInfo(&native, signo, os.Getpid(), os.Getuid(), value)
	return native
}
