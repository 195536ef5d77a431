package siginfo

import (
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// receiver takes signals that are directed at the test's thread in both forms
// that the kernel has: as records of a signalfd and as siginfo_t.
type receiver struct {
	t      *testing.T
	pid    int
	tid    int
	signo  int
	set    unix.Sigset_t
	record int // signalfd
}

// newReceiver locks the goroutine to its thread and blocks signo there until the
// test ends.
func newReceiver(t *testing.T, signo int) *receiver {
	t.Helper()
	runtime.LockOSThread()
	r := &receiver{t: t, pid: unix.Getpid(), tid: unix.Gettid(), signo: signo}
	const bits = int(unsafe.Sizeof(r.set.Val[0])) * 8
	r.set.Val[(signo-1)/bits] |= 1 << ((signo - 1) % bits)
	var old unix.Sigset_t
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &r.set, &old); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Signalfd(-1, &r.set, unix.SFD_NONBLOCK|unix.SFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	r.record = fd
	t.Cleanup(func() {
		unix.Close(fd)
		if err := unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil); err != nil {
			return // still locked: the thread ends with the goroutine
		}
		runtime.UnlockOSThread()
	})
	return r
}

// send queues a siginfo_t to the own thread; a process may send itself anything.
func (r *receiver) send(info *[128]byte) {
	r.t.Helper()
	if _, _, errno := unix.RawSyscall6(unix.SYS_RT_TGSIGQUEUEINFO, uintptr(r.pid), uintptr(r.tid),
		uintptr(r.signo), uintptr(unsafe.Pointer(info)), 0, 0); errno != 0 {
		r.t.Fatalf("rt_tgsigqueueinfo: %v", errno)
	}
}

// read takes one pending signal from the signalfd.
func (r *receiver) read() (rec Record) {
	r.t.Helper()
	for {
		n, err := unix.Read(r.record, rec[:])
		if err == unix.EINTR {
			continue
		}
		if n != len(rec) || err != nil {
			r.t.Fatalf("read of signalfd: %d bytes, %v", n, err)
		}
		return rec
	}
}

// wait takes one pending signal by rt_sigtimedwait.
func (r *receiver) wait() Record {
	r.t.Helper()
	var info [128]byte
	for {
		limit := unix.Timespec{Sec: 5}
		_, _, errno := unix.Syscall6(unix.SYS_RT_SIGTIMEDWAIT, uintptr(unsafe.Pointer(&r.set)),
			uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&limit)), (maxSigno+7)/8, 0, 0)
		if errno == unix.EINTR { // the runtime's preemption
			continue
		}
		if errno != 0 {
			r.t.Fatalf("rt_sigtimedwait: %v", errno)
		}
		return FromNative(&info)
	}
}

// narrow cuts addresses to the machine's width: whether a 32-bit address is
// widened with its sign depends on the kernel's own width.
func narrow(r Record) Record {
	r.put64(offPtr, r.Ptr())
	r.put64(offAddr, r.Addr())
	r.put64(offCallAddr, r.u64(offCallAddr)&addressMask)
	return r
}

// The running kernel is the judge of FromNative and of layoutOf: whatever code
// and fields are sent, both forms must give the same record.
func TestFromNativeAgainstKernel(t *testing.T) {
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 0))
	header := [2]int{4, 8} // si_errno, si_code
	if native.codeFirst {
		header = [2]int{8, 4}
	}
	const tested = 35 // a real-time signal that nothing else here uses
	for _, signo := range []int{
		sigILL, sigTRAP, sigBUS, sigFPE, sigSEGV, sigCHLD, sigIO, sigSYS, int(unix.SIGUSR1), tested,
	} {
		t.Run(SignalName(signo), func(t *testing.T) {
			r := newReceiver(t, signo)
			for code := Code(-64); code < 140; code++ {
				var info [128]byte
				// The kernel's own part of a siginfo_t; beyond it a code that
				// it does not know must have zeroes.
				for i := native.union(); i < native.union()+32; i++ {
					info[i] = byte(rnd.Uint32())
				}
				binary.NativeEndian.PutUint32(info[0:], uint32(signo))
				binary.NativeEndian.PutUint32(info[header[0]:], rnd.Uint32())
				binary.NativeEndian.PutUint32(info[header[1]:], uint32(code))

				r.send(&info)
				want := narrow(r.read())
				r.send(&info)
				got := narrow(r.wait())
				if got != want {
					t.Fatalf("seed %#x, code %d:\nsent      %x\nFromNative %x\nsignalfd   %x",
						seed, code, info[:64], got[:offEnd], want[:offEnd])
				}
				if want.Signo() != signo || want.Code() != code {
					t.Fatalf("sent %d code %d, received %v", signo, code, want.Info())
				}
			}
		})
	}
}

// An I/O signal as the kernel makes it, not as a test imagines it.
func TestPollRecordAgainstKernel(t *testing.T) {
	const signo = 36
	r := newReceiver(t, signo)
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(pair[0]); unix.Close(pair[1]) })
	const ownerThread = 0 // F_OWNER_TID
	owner := [2]int32{ownerThread, int32(r.tid)}
	if _, _, errno := unix.Syscall(unix.SYS_FCNTL, uintptr(pair[0]), unix.F_SETOWN_EX,
		uintptr(unsafe.Pointer(&owner))); errno != 0 {
		t.Fatal(errno)
	}
	if _, err := unix.FcntlInt(uintptr(pair[0]), unix.F_SETSIG, signo); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.FcntlInt(uintptr(pair[0]), unix.F_SETFL, unix.O_NONBLOCK|unix.O_ASYNC); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := unix.Write(pair[1], []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	want := PollRecord(signo, PollIn, pair[0])
	if got := r.read(); got != want {
		t.Errorf("signalfd: %v\n     want %v", got.Info(), want.Info())
	}
	if got := r.wait(); got != want {
		t.Errorf("FromNative: %v\n       want %v", got.Info(), want.Info())
	}
}

// What sigqueue and tgkill send carries this process as its sender.
func TestSenderAgainstKernel(t *testing.T) {
	const signo, value = 37, 0x1234_5678
	r := newReceiver(t, signo)

	var info [128]byte
	u := native.union()
	errno, code := 4, 8
	if native.codeFirst {
		errno, code = code, errno
	}
	layoutBytes{0: signo, errno: 0, code: int(Queue), u: r.pid, u + 4: unix.Getuid()}.fill(info[:])
	if wordSize == 8 {
		layoutBytes{u + 8: uint64(value)}.fill(info[:])
	} else {
		layoutBytes{u + 8: value}.fill(info[:])
	}
	r.send(&info)
	got := decode(r.wait())
	pid, uid, ok := got.Sender()
	_, ptr, okValue := got.Value()
	if !ok || !okValue || pid != r.pid || uid != unix.Getuid() || ptr != value || got.Code != Queue {
		t.Errorf("sigqueue: %v", got)
	}

	if err := unix.Tgkill(r.pid, r.tid, unix.Signal(signo)); err != nil {
		t.Fatal(err)
	}
	got = decode(r.wait())
	pid, uid, ok = got.Sender()
	if _, _, value := got.Value(); !ok || value || pid != r.pid || uid != unix.Getuid() || got.Code != TKill {
		t.Errorf("tgkill: %v", got)
	}
}

func decode(r Record) Info { return r.Info() }
