package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Async is who gets which signal of a description.
type Async struct {
	owner  ownerRecord
	signal int
}

// AsyncSettings returns what is set (F_GETOWN_EX, F_GETSIG). An owner that has died
// counts as none.
func AsyncSettings(fd int) (a Async, err error) {
	_, _, errno := syscall.RawSyscall(unix.SYS_FCNTL, uintptr(fd), getOwnerEx, uintptr(unsafe.Pointer(&a.owner)))
	if errno != 0 {
		return a, named("fcntl F_GETOWN_EX", errno)
	}
	a.signal, err = Signal(fd)
	return a, err
}

// Restore sets it again.
func (a Async) Restore(fd int) error {
	if err := SetSignal(fd, a.signal); err != nil {
		return err
	}
	err := setOwner(fd, a.owner)
	if err != nil && a.owner.id != 0 { // it died meanwhile: ESRCH
		return setOwner(fd, ownerRecord{kind: a.owner.kind})
	}
	return err
}
