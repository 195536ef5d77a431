package sys

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Numbers of fcntl(2) and ioctl(2) that golang.org/x/sys/unix does not have for
// every architecture (linux/include/uapi/asm-generic/fcntl.h).
const (
	getSig     = 11 // F_GETSIG
	getOwnerEx = 16 // F_GETOWN_EX
	ownerTID   = 0  // F_OWNER_TID
	ownerPID   = 1  // F_OWNER_PID
)

// ownerRecord is struct f_owner_ex of fcntl(2).
type ownerRecord struct{ kind, id int32 }

// SetOwnerThread makes the kernel send the I/O signals of fd's open file
// description to one thread (F_SETOWN_EX with F_OWNER_TID, fcntl(2)).
func SetOwnerThread(fd, tid int) error {
	return setOwner(fd, ownerRecord{ownerTID, int32(tid)})
}

// SetOwnerProcess sends them to the whole calling process (F_OWNER_PID).
func SetOwnerProcess(fd int) error {
	return setOwner(fd, ownerRecord{ownerPID, int32(os.Getpid())})
}

func setOwner(fd int, owner ownerRecord) error {
	_, _, errno := syscall.RawSyscall(unix.SYS_FCNTL, uintptr(fd), unix.F_SETOWN_EX, uintptr(unsafe.Pointer(&owner)))
	return named("fcntl F_SETOWN_EX", errno)
}

// OwnerThread returns the thread that SetOwnerThread chose, or 0 when the owner
// is of another kind, was never set, or has died (F_GETOWN_EX).
func OwnerThread(fd int) (int, error) {
	var owner ownerRecord
	_, _, errno := syscall.RawSyscall(unix.SYS_FCNTL, uintptr(fd), getOwnerEx, uintptr(unsafe.Pointer(&owner)))
	if errno != 0 {
		return 0, named("fcntl F_GETOWN_EX", errno)
	}
	if owner.kind != ownerTID {
		return 0, nil
	}
	return int(owner.id), nil
}

// SetSignal chooses the signal that says that fd is ready (F_SETSIG, fcntl(2)).
// Only with a real-time signal does the kernel queue one siginfo per event.
func SetSignal(fd, signo int) error {
	_, _, errno := syscall.RawSyscall(unix.SYS_FCNTL, uintptr(fd), unix.F_SETSIG, uintptr(signo))
	return named("fcntl F_SETSIG", errno)
}

// Signal returns what SetSignal chose, 0 for the default SIGIO (F_GETSIG).
func Signal(fd int) (int, error) {
	signo, _, errno := syscall.RawSyscall(unix.SYS_FCNTL, uintptr(fd), getSig, 0)
	return int(signo), named("fcntl F_GETSIG", errno)
}

// SetAsync turns the signals of fd on or off with ioctl(2) FIOASYNC. Unlike
// F_SETFL it fails with ENOTTY for a file that can never send a signal, and it
// leaves the other flags alone (linux/fs/ioctl.c, ioctl_fioasync).
func SetAsync(fd int, on bool) error {
	var value int32
	if on {
		value = 1
	}
	_, _, errno := syscall.RawSyscall(unix.SYS_IOCTL, uintptr(fd), fioasync, uintptr(unsafe.Pointer(&value)))
	return named("ioctl FIOASYNC", errno)
}

// Flags returns the status flags of fd's open file description (F_GETFL).
func Flags(fd int) (int, error) {
	flags, _, errno := syscall.RawSyscall(unix.SYS_FCNTL, uintptr(fd), unix.F_GETFL, 0)
	return int(flags), named("fcntl F_GETFL", errno)
}

// SetFlags sets them (F_SETFL).
func SetFlags(fd, flags int) error {
	_, _, errno := syscall.RawSyscall(unix.SYS_FCNTL, uintptr(fd), unix.F_SETFL, uintptr(flags))
	return named("fcntl F_SETFL", errno)
}

// Status flags for Flags and SetFlags.
const (
	FlagAsync    = unix.O_ASYNC
	FlagNonblock = unix.O_NONBLOCK
)

// named wraps a failed call's errno with the call's name.
func named(call string, errno syscall.Errno) error {
	if errno == 0 {
		return nil
	}
	return os.NewSyscallError(call, errno)
}
