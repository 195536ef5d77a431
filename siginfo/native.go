package siginfo

import "encoding/binary"

// wordSize is the size of a C long and a pointer.
const wordSize = 4 << (^uintptr(0) >> 63)

// abi is what differs between architectures in the siginfo_t that the kernel
// gives to a program (include/uapi/asm-generic/siginfo.h).
type abi struct {
	word      int  // size of long and of pointers: 4 or 8
	codeFirst bool // si_code stands before si_errno
}

// union is where the fields that depend on the kind of signal begin: after
// three ints, aligned to a pointer.
func (a abi) union() int { return (12 + a.word - 1) &^ (a.word - 1) }

// FromNative converts a siginfo_t of this architecture, as rt_sigtimedwait(2)
// or a handler installed with SA_SIGINFO gets it, to the Record that a signalfd
// would have returned for the same signal (fs/signalfd.c signalfd_copyinfo).
// Fields that the signal does not carry come out as zero, whatever b holds
// there. FromNative neither changes nor keeps b.
func FromNative(b *[128]byte) Record { return native.record(b) }

func (a abi) record(b *[128]byte) (r Record) {
	var (
		u32  = func(off int) uint32 { return binary.NativeEndian.Uint32(b[off:]) }
		word = func(off int) uint64 {
			if a.word == 4 {
				return uint64(u32(off))
			}
			return binary.NativeEndian.Uint64(b[off:])
		}
		clock = func(off int) uint64 { // clock_t is signed
			if a.word == 4 {
				return uint64(int32(u32(off)))
			}
			return word(off)
		}
		errno, code = 4, 8
		u           = a.union()
	)
	if a.codeFirst {
		errno, code = code, errno
	}
	signo := u32(0)
	r.put32(offSigno, signo)
	r.put32(offErrno, u32(errno))
	r.put32(offCode, u32(code))

	switch layoutOf(int(int32(signo)), r.Code()) {
	case layoutKill:
		r.put32(offPID, u32(u))
		r.put32(offUID, u32(u+4))
	case layoutTimer:
		r.put32(offTID, u32(u))
		r.put32(offOverrun, u32(u+4))
		r.put32(offInt, u32(u+8))
		r.put64(offPtr, word(u+8))
	case layoutPoll:
		r.put32(offBand, uint32(word(u)))
		r.put32(offFD, u32(u+a.word))
	case layoutFault:
		r.put64(offAddr, word(u))
	case layoutMemory:
		r.put64(offAddr, word(u))
		binary.NativeEndian.PutUint16(r[offAddrLSB:], binary.NativeEndian.Uint16(b[u+a.word:]))
	case layoutChild:
		r.put32(offPID, u32(u))
		r.put32(offUID, u32(u+4))
		r.put32(offStatus, u32(u+8))
		r.put64(offUtime, clock(u+8+a.word))
		r.put64(offStime, clock(u+8+2*a.word))
	case layoutQueue:
		r.put32(offPID, u32(u))
		r.put32(offUID, u32(u+4))
		r.put32(offInt, u32(u+8))
		r.put64(offPtr, word(u+8))
	case layoutSys:
		r.put64(offCallAddr, word(u))
		r.put32(offSyscall, u32(u+a.word))
		r.put32(offArch, u32(u+a.word+4))
	}
	return r
}
