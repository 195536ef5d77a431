package sys

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// SignalTimer is the kernel's number of a POSIX timer of this process.
type SignalTimer int32

// Clocks of a SignalTimer, clock_gettime(2).
const (
	ClockRealtime  = unix.CLOCK_REALTIME
	ClockMonotonic = unix.CLOCK_MONOTONIC
	ClockBoottime  = unix.CLOCK_BOOTTIME
)

// signalEvent is struct sigevent: what to do when a timer expires (sigevent(7)).
// The value is a union of an int and a pointer.
type signalEvent struct {
	value  uintptr
	signo  int32
	notify int32
	_      [64 - 8 - unsafe.Sizeof(uintptr(0))]byte
}

// intervalTimer is struct itimerspec.
type intervalTimer struct{ interval, first unix.Timespec }

// NewSignalTimer makes a timer that sends signo with a value to the whole process
// when it expires (timer_create(2), SIGEV_SIGNAL). It is not set. The value is
// what siginfo_t has as sival_ptr.
func NewSignalTimer(clock, signo int, value uintptr) (SignalTimer, error) {
	event := signalEvent{value: value, signo: int32(signo)} // SIGEV_SIGNAL is 0
	var timer SignalTimer
	_, _, errno := syscall.RawSyscall(unix.SYS_TIMER_CREATE, uintptr(clock),
		uintptr(unsafe.Pointer(&event)), uintptr(unsafe.Pointer(&timer)))
	return timer, named("timer_create", errno)
}

// Set makes the timer expire after a while, and then again and again if every is
// not 0; with first 0 it stops (timer_settime(2)).
func (t SignalTimer) Set(first, every time.Duration) error {
	next := intervalTimer{unix.NsecToTimespec(int64(every)), unix.NsecToTimespec(int64(first))}
	_, _, errno := syscall.RawSyscall6(unix.SYS_TIMER_SETTIME, uintptr(t), 0,
		uintptr(unsafe.Pointer(&next)), 0, 0, 0)
	return named("timer_settime", errno)
}

// Delete ends the timer (timer_delete(2)).
func (t SignalTimer) Delete() error {
	_, _, errno := syscall.RawSyscall(unix.SYS_TIMER_DELETE, uintptr(t), 0, 0)
	return named("timer_delete", errno)
}
