//go:build linux && (amd64 || arm64)

package sys

import (
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A signal that is sent to a process may be taken by any of its threads, and Go
// decides about the masks of most of them. So the signals that a program asks for
// are taken by a handler, wherever the kernel calls it: forward, in assembly,
// because it runs on threads without a Go stack. It copies the siginfo_t into a
// ring in memory and wakes the one goroutine that empties it. After that it goes
// on to the handler that was there before, as if it had not been in between.
//
// The ring is of the process, and is never freed: a thread may be stopped inside
// the handler for any time, while everything else has been undone.
//
// Sending the siginfo on to a thread with rt_tgsigqueueinfo(2) looks simpler and
// is not enough. The kernel lets no thread send what kill(2) or the kernel itself
// sent (si_code >= 0, or SI_TKILL) to another one (kernel/signal.c,
// do_rt_tgsigqueueinfo), and what is sent on counts for the limit of queued
// signals once more, so that it fails just when the sender has filled the queue.

// ForwardLimit is how many forwarded signals can wait.
const ForwardLimit = forwardSlots

// forwardSlots is the size of the ring, a power of two, and more than most systems
// let a user have queued. The assembly knows it. Memory is used as far as it fills.
const forwardSlots = 1 << 17

// forwardSlot is one place in the ring. Its turn says whose it is: for the handler
// that holds ticket t (a number that forwardHead gives out, index t % forwardSlots)
// the slot is free when turn is t - index, filled when that plus 1; the reader
// makes it free for the next lap. So all zeros is an empty ring.
type forwardSlot struct {
	turn   atomic.Uint64
	native [forwardSize]byte
	_      [8]byte
}

// forwardSize is how much of a siginfo_t the kernel fills: its own struct
// kernel_siginfo. The rest of the 128 bytes is zero.
const forwardSize = 48

var (
	forwardRing [forwardSlots]forwardSlot
	//lint:ignore U1000 the assembly counts with it
	forwardHead   atomic.Uint64                // tickets given out
	forwardTail   atomic.Uint64                // slots emptied
	forwardLost   [maxSignal + 1]atomic.Uint64 // signals that met a full ring
	forwardFormer [maxSignal + 1]uintptr       // the handlers that were there before
	forwardPID    uint64                       // the process whose signals these are
	forwardAsleep atomic.Uint32                // whether the reader must be woken; a futex
)

const maxSignal = 64

func forwardAddress() (handler, restorer uintptr)

// Action is what a process does about a signal: struct sigaction as the kernel has
// it on this architecture (sigaction(2)).
type Action struct {
	Handler  uintptr // 0 is SIG_DFL, 1 is SIG_IGN
	flags    uint64
	restorer uintptr
	mask     uint64
}

// Default says whether there is no handler: the signal acts by default or is ignored.
func (a Action) Default() bool { return a.Handler <= 1 }

// SignalAction returns the present action.
func SignalAction(signo int) (Action, error) {
	var a Action
	return a, action(signo, nil, &a)
}

// SetSignalAction sets it.
func SetSignalAction(signo int, a Action) error { return action(signo, &a, nil) }

func action(signo int, set, get *Action) error {
	_, _, errno := syscall.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(signo),
		uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(get)), maskSize, 0, 0)
	return named("rt_sigaction", errno)
}

const (
	saSiginfo  = 0x4
	saRestorer = 0x04000000
	saOnStack  = 0x08000000
	saRestart  = 0x10000000
)

// Forward puts the forwarding handler in front of the present one and returns what
// is to be given to Unforward. The caller does not call it twice for a signal.
func Forward(signo int) (former Action, err error) {
	if former, err = SignalAction(signo); err != nil {
		return former, err
	}
	// Read by handlers, so it is set before there is one.
	atomic.StoreUint64(&forwardPID, uint64(os.Getpid()))
	atomic.StoreUintptr(&forwardFormer[signo], former.Handler)
	handler, restorer := forwardAddress()
	ours := Action{
		Handler:  handler,
		flags:    saSiginfo | saOnStack | saRestart,
		restorer: restorer,
		mask:     ^uint64(0), // as Go's own handler has it, which may be the next one
	}
	if restorer != 0 {
		ours.flags |= saRestorer
	}
	return former, SetSignalAction(signo, ours)
}

// Forwarding says whether the handler is still in front.
func Forwarding(signo int) bool {
	a, err := SignalAction(signo)
	handler, _ := forwardAddress()
	return err == nil && a.Handler == handler
}

// Unforward restores the former action. If somebody has set another one since,
// that one stays.
func Unforward(signo int, former Action) error {
	if !Forwarding(signo) {
		return nil
	}
	return SetSignalAction(signo, former)
}

// Forwarded takes the oldest forwarded signal, in the layout of siginfo_t, and says
// whether there was one. One goroutine at a time may call it. The bytes of native that
// the kernel does not fill stay as they are.
func Forwarded(native *[recordSize]byte) bool {
	slot, lap := forwardNext()
	if slot.turn.Load() != lap+1 {
		return false
	}
	copy(native[:], slot.native[:])
	slot.turn.Store(lap + forwardSlots)
	forwardTail.Add(1)
	return true
}

func forwardNext() (slot *forwardSlot, lap uint64) {
	tail := forwardTail.Load()
	return &forwardRing[tail%forwardSlots], tail &^ (forwardSlots - 1)
}

// ForwardLost returns how many signals of a number have been dropped because the
// ring was full, since the process began.
func ForwardLost(signo int) uint64 { return forwardLost[signo].Load() }

// ForwardSleep waits until a signal has been forwarded or dropped, or until
// ForwardWake. It may return for no reason. It asks ready last of all, and does not
// wait if that is true: what makes it true happens before a call of ForwardWake.
//
// It waits in futex(2), which occupies a thread but needs neither a descriptor nor
// a signal.
func ForwardSleep(ready func() bool) error {
	forwardAsleep.Store(1)
	if slot, lap := forwardNext(); slot.turn.Load() == lap+1 || ready() {
		forwardAsleep.Store(0)
		return nil
	}
	_, _, errno := syscall.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&forwardAsleep)),
		futexWaitPrivate, 1, 0, 0, 0)
	forwardAsleep.Store(0)
	if errno == syscall.EAGAIN || errno == syscall.EINTR {
		return nil
	}
	return named("futex", errno)
}

// ForwardWake ends a ForwardSleep.
func ForwardWake() {
	if forwardAsleep.Swap(0) == 1 {
		syscall.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&forwardAsleep)), futexWakePrivate, 1, 0, 0, 0)
	}
}

const (
	futexWaitPrivate = 128 // FUTEX_WAIT | FUTEX_PRIVATE_FLAG
	futexWakePrivate = 129 // FUTEX_WAKE | FUTEX_PRIVATE_FLAG
)
