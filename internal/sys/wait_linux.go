package sys

import (
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// recordSize is the size of struct signalfd_siginfo and of siginfo_t.
const recordSize = 128

// Mask is a set of signals as the kernel sees it.
type Mask struct{ set unix.Sigset_t }

// NewMask returns the set of the given signals, each 1 to 64.
func NewMask(signals ...int) *Mask {
	m := new(Mask)
	for _, signo := range signals {
		bits := int(unsafe.Sizeof(m.set.Val[0])) * 8
		m.set.Val[(signo-1)/bits] |= 1 << uint((signo-1)%bits)
	}
	return m
}

// Block adds the set to the calling thread's mask (sigprocmask(2)). The caller
// has locked its goroutine to that thread.
func Block(m *Mask) error {
	return os.NewSyscallError("rt_sigprocmask", unix.PthreadSigmask(unix.SIG_BLOCK, &m.set, nil))
}

// Unblock takes the set out of the calling thread's mask.
func Unblock(m *Mask) error {
	return os.NewSyscallError("rt_sigprocmask", unix.PthreadSigmask(unix.SIG_UNBLOCK, &m.set, nil))
}

// NewSignalfd opens a non-blocking signalfd(2) for the set. What it reads is the
// queue of whichever thread reads: it must never be given to the Go netpoller.
func NewSignalfd(m *Mask) (int, error) {
	fd, err := unix.Signalfd(-1, &m.set, unix.SFD_NONBLOCK|unix.SFD_CLOEXEC)
	return fd, os.NewSyscallError("signalfd4", err)
}

// ReadSignals takes as many records as are queued for the calling thread and
// fit, without waiting, and returns how many those are. None is (0, nil).
func ReadSignals[Record ~[recordSize]byte](signalfd int, records []Record) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall(unix.SYS_READ, uintptr(signalfd),
			uintptr(unsafe.Pointer(unsafe.SliceData(records))), uintptr(len(records)*recordSize))
		switch errno {
		case 0:
			return int(n) / recordSize, nil
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			return 0, nil
		default:
			return 0, os.NewSyscallError("read signalfd", errno)
		}
	}
}

// Sleep waits in rt_sigtimedwait(2) until a signal of the set reaches the
// calling thread, takes it and stores it in the layout of siginfo_t. It waits at
// most d, for ever if d is negative. It returns false when there is no signal:
// the time is over or some handler ran (EINTR).
//
// A thread asleep here is woken by its own signals only. One asleep in a read of
// a signalfd is woken by every signal to any thread of the process, the Go
// runtime's preemption requests included (linux/fs/signalfd.c).
func Sleep(m *Mask, d time.Duration, native *[recordSize]byte) (bool, error) {
	var timeout *unix.Timespec
	if d >= 0 {
		t := unix.NsecToTimespec(int64(min(d, maxSleep)))
		timeout = &t
	}
	_, _, errno := syscall.Syscall6(unix.SYS_RT_SIGTIMEDWAIT, uintptr(unsafe.Pointer(&m.set)),
		uintptr(unsafe.Pointer(native)), uintptr(unsafe.Pointer(timeout)), maskSize, 0, 0)
	switch errno {
	case 0:
		return true, nil
	case syscall.EAGAIN, syscall.EINTR:
		return false, nil
	default:
		return false, os.NewSyscallError("rt_sigtimedwait", errno)
	}
}

// maxSleep keeps a time-out inside the 32-bit seconds of older architectures.
const maxSleep = 24 * time.Hour

// QueueThread sends signo with a value to one thread of this process
// (rt_tgsigqueueinfo(2), si_code SI_QUEUE). It fails with EAGAIN when the user's
// quota of queued signals (RLIMIT_SIGPENDING) is used up.
func QueueThread(tid, signo int, value int32) error {
	var native [recordSize]byte
	putQueueInfo(&native, signo, os.Getpid(), os.Getuid(), value)
	_, _, errno := syscall.RawSyscall6(unix.SYS_RT_TGSIGQUEUEINFO, uintptr(os.Getpid()), uintptr(tid),
		uintptr(signo), uintptr(unsafe.Pointer(&native)), 0, 0)
	return named("rt_tgsigqueueinfo", errno)
}

// putQueueInfo writes a siginfo_t as sigqueue(3) does: si_signo, si_code, then
// the union with si_pid, si_uid and si_value.
func putQueueInfo(native *[recordSize]byte, signo, pid, uid int, value int32) {
	put := func(offset uintptr, v int32) { *(*int32)(unsafe.Pointer(&native[offset])) = v }
	put(0, int32(signo))
	put(codeOffset, siQueue)
	put(unionOffset, int32(pid))
	put(unionOffset+4, int32(uid))
	put(unionOffset+8, value) // sival_int, the first bytes of the union sigval
}

const (
	siQueue = -1 // SI_QUEUE
	// unionOffset is 12, rounded up to the alignment of a pointer
	// (__ARCH_SI_PREAMBLE_SIZE, linux/include/uapi/asm-generic/siginfo.h).
	unionOffset = (12 + unsafe.Sizeof(uintptr(0)) - 1) &^ (unsafe.Sizeof(uintptr(0)) - 1)
)

// KillThread sends a signal without a value to one thread of this process
// (tgkill(2)). A standard signal gets through even when the queue is full.
func KillThread(tid int, signo int) error {
	_, _, errno := syscall.RawSyscall(unix.SYS_TGKILL, uintptr(os.Getpid()), uintptr(tid), uintptr(signo))
	return named("tgkill", errno)
}
