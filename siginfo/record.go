package siginfo

import "encoding/binary"

// RecordSize is the size of a Record in bytes. A signalfd returns whole records
// only: as many as fit in the buffer that is given to read(2).
const RecordSize = 128

// Offsets in struct signalfd_siginfo (include/uapi/linux/signalfd.h). They are
// the same on every architecture; only the byte order is the machine's own.
const (
	offSigno    = 0   // u32 ssi_signo
	offErrno    = 4   // s32 ssi_errno
	offCode     = 8   // s32 ssi_code
	offPID      = 12  // u32 ssi_pid
	offUID      = 16  // u32 ssi_uid
	offFD       = 20  // s32 ssi_fd
	offTID      = 24  // u32 ssi_tid
	offBand     = 28  // u32 ssi_band
	offOverrun  = 32  // u32 ssi_overrun
	offTrapno   = 36  // u32 ssi_trapno: alpha and sparc only, zero here
	offStatus   = 40  // s32 ssi_status
	offInt      = 44  // s32 ssi_int
	offPtr      = 48  // u64 ssi_ptr
	offUtime    = 56  // u64 ssi_utime
	offStime    = 64  // u64 ssi_stime
	offAddr     = 72  // u64 ssi_addr
	offAddrLSB  = 80  // u16 ssi_addr_lsb, then two bytes of padding
	offSyscall  = 84  // s32 ssi_syscall
	offCallAddr = 88  // u64 ssi_call_addr
	offArch     = 96  // u32 ssi_arch
	offEnd      = 100 // the rest is zero, kept for later kernels
)

// addressMask cuts an address to the width of a pointer. A 32-bit kernel
// extends the sign when it widens an address to 64 bits, a 64-bit kernel that
// runs a 32-bit program does not; without the mask the two would differ.
const addressMask = uint64(^uintptr(0))

// Record is one struct signalfd_siginfo as the kernel writes it, in the byte
// order of the machine. The zero Record has signal number 0, which the kernel
// never sends.
//
// An accessor returns the bytes of its field whether or not the signal carries
// it; fields that it does not carry are zero. [Record.Info] says which are
// valid.
type Record [RecordSize]byte

// Signo is the signal's number.
func (r *Record) Signo() int { return int(int32(r.u32(offSigno))) }

// Errno is an error number that came with the signal. Linux leaves it zero
// almost always.
func (r *Record) Errno() int { return int(int32(r.u32(offErrno))) }

// Code says why the signal was sent, or by which means.
func (r *Record) Code() Code { return Code(r.u32(offCode)) }

// PID is the sender's process id, or that of the child a SIGCHLD is about. It
// is 0 when the sender lives in a pid namespace that the receiver cannot see.
func (r *Record) PID() int { return int(int32(r.u32(offPID))) }

// UID is the real user id of the sender or the child. On a 32-bit machine ids
// above 1<<31 come out negative, as they do in os.Getuid.
func (r *Record) UID() int { return int(r.u32(offUID)) }

// FD is the descriptor that an I/O signal is about: the number it had when the
// signals were asked for (F_SETFL or FIOASYNC). By now it may be closed, or may
// name another file.
func (r *Record) FD() int { return int(int32(r.u32(offFD))) }

// TID is the kernel's number of the POSIX timer that expired, as timer_create(2)
// returned it. It is no thread id.
func (r *Record) TID() int { return int(int32(r.u32(offTID))) }

// Band is the poll mask of an I/O signal. The kernel derives it from the code
// alone (see [BandOf]); it is not what poll(2) would return.
func (r *Record) Band() Band { return Band(r.u32(offBand)) }

// Overrun counts the expirations of a timer that this signal stands for beyond
// the first one; see timer_getoverrun(2).
func (r *Record) Overrun() int { return int(int32(r.u32(offOverrun))) }

// Status is a child's exit status, or the number of the signal that ended,
// stopped or continued it. The code says which.
func (r *Record) Status() int { return int(int32(r.u32(offStatus))) }

// Int is the value that sigqueue(3) or a timer sent, read as an int: sival_int.
func (r *Record) Int() int { return int(int32(r.u32(offInt))) }

// Ptr is the same value read as a pointer: sival_ptr. A sender that stored an
// int leaves the other half of it undefined.
func (r *Record) Ptr() uint64 { return r.u64(offPtr) & addressMask }

// Addr is the address at which a fault happened.
func (r *Record) Addr() uint64 { return r.u64(offAddr) & addressMask }

func (r *Record) u32(off int) uint32 { return binary.NativeEndian.Uint32(r[off : off+4]) }
func (r *Record) u64(off int) uint64 { return binary.NativeEndian.Uint64(r[off : off+8]) }

func (r *Record) put32(off int, v uint32) { binary.NativeEndian.PutUint32(r[off:off+4], v) }
func (r *Record) put64(off int, v uint64) { binary.NativeEndian.PutUint64(r[off:off+8], v) }

// PollRecord returns the record that the kernel queues when descriptor fd
// becomes ready for the reason code and signo was asked for with F_SETSIG. It
// is meant for tests and simulations, which have no kernel to ask.
func PollRecord(signo int, code Code, fd int) Record {
	var r Record
	r.put32(offSigno, uint32(signo))
	r.put32(offCode, uint32(code))
	r.put32(offFD, uint32(fd))
	r.put32(offBand, uint32(BandOf(code)))
	return r
}
