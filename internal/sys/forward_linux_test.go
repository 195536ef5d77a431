//go:build linux && (amd64 || arm64)

package sys

import (
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"testing"
	"unsafe"
)

// The assembly knows these sizes and offsets.
func TestForwardLayout(t *testing.T) {
	t.Parallel()
	var slot forwardSlot
	if unsafe.Sizeof(slot) != 64 || unsafe.Offsetof(slot.turn) != 0 || unsafe.Offsetof(slot.native) != 8 {
		t.Errorf("a slot is %d bytes, with turn at %d and native at %d", unsafe.Sizeof(slot), unsafe.Offsetof(slot.turn), unsafe.Offsetof(slot.native))
	}
	if forwardSlots-1 != 0x1ffff || unsafe.Sizeof(Action{}) != 32 {
		t.Error("the ring or struct sigaction has another size")
	}
}

// The handler takes the siginfo, goes on to the former one, and goes away. It goes
// through the ring more than once.
func TestForward(t *testing.T) {
	const signo = 38
	theirs := make(chan os.Signal, 1)
	signal.Notify(theirs, syscall.Signal(signo))
	defer signal.Stop(theirs)
	before, err := SignalAction(signo)
	must(t, err)
	former, err := Forward(signo)
	must(t, err)
	defer Unforward(signo, former)
	if former != before || !Forwarding(signo) {
		t.Errorf("former %+v, before %+v", former, before)
	}
	runtime.LockOSThread() // so that each signal is taken before the next is sent
	defer runtime.UnlockOSThread()
	var native [recordSize]byte
	for i := range int32(forwardSlots + 5) {
		must(t, QueueThread(ThreadID(), signo, i))
		if !Forwarded(&native) {
			t.Fatalf("nothing was forwarded after %d", i)
		}
		if got := *(*int32)(unsafe.Pointer(&native[unionOffset+8])); got != i {
			t.Fatalf("value %d, want %d", got, i)
		}
	}
	<-theirs
	lost := ForwardLost(signo)
	for i := range int32(forwardSlots + 3) {
		must(t, QueueThread(ThreadID(), signo, i))
	}
	if got := ForwardLost(signo) - lost; got != 3 {
		t.Errorf("%d lost, want 3", got)
	}
	for range forwardSlots {
		if !Forwarded(&native) {
			t.Fatal("the ring is not full")
		}
	}
	if Forwarded(&native) {
		t.Error("the ring is not empty")
	}
	must(t, Unforward(signo, former))
	if after, err := SignalAction(signo); after != before || err != nil {
		t.Errorf("after %+v, before %+v, %v", after, before, err)
	}
}

// In a process with another number, a child that has not executed its program
// yet, the handler takes nothing.
func TestForwardInAChild(t *testing.T) {
	const signo = 39
	former, err := Forward(signo)
	must(t, err)
	defer Unforward(signo, former)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	forwardPID++
	must(t, QueueThread(ThreadID(), signo, 1))
	forwardPID--
	var native [recordSize]byte
	if Forwarded(&native) {
		t.Error("the handler took the signal of another process")
	}
}
