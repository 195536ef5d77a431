package sigtest

import (
	"encoding/binary"
	"os"

	"github.com/seed-067c1534/sigio/siginfo"
)

// In returns the signal for data on fd.
func In(fd int) siginfo.Record { return siginfo.PollRecord(Signo, siginfo.PollIn, fd) }

// Mark returns the SIGIO by which the kernel says that it could not queue.
func Mark() siginfo.Record { return siginfo.PollRecord(sigio, siginfo.Kernel, 0) }

// Sent returns a signal that process pid sent with a value, by sigqueue(3) or
// another way that code names.
func Sent(signo int, code siginfo.Code, pid, value int) siginfo.Record {
	r := siginfo.PollRecord(signo, code, 0)
	// ssi_pid and ssi_int of struct signalfd_siginfo (linux/signalfd.h).
	binary.NativeEndian.PutUint32(r[12:], uint32(pid))
	binary.NativeEndian.PutUint32(r[44:], uint32(value))
	return r
}

const (
	sigio = 29 // on most architectures; to a loop every number but its own is SIGIO
	token = 0x51610
)

// WakeRecord returns what Kernel.Wake queues.
func WakeRecord() siginfo.Record { return Sent(Signo, siginfo.Queue, os.Getpid(), token) }

// WakeMark returns what Kernel.Wake sends when the queue is full.
func WakeMark() siginfo.Record { return Sent(sigio, siginfo.TKill, os.Getpid(), 0) }
