package sigio

import (
	"time"

	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// kernel is what a loop asks of the operating system. There are three: the
// signal queue of a Linux thread, plain SIGIO through os/signal on other systems,
// and the scripted twin of the tests.
//
// All methods but Wake are called on the loop's thread.
type kernel interface {
	// Attach binds the kernel to the calling thread, before anything else and
	// again when a thread was replaced.
	Attach() error
	// Detach gives back what Attach took. The thread itself ends afterwards.
	Detach()

	// Arm makes fd signal this thread; Disarm ends that. Arm looks at nothing:
	// what happened before is found by a Poll that follows it.
	Arm(fd int) error
	Disarm(fd int) error
	// Rearm undoes a Disarm of the same file by the same thread.
	Rearm(fd int) error
	// Verify finds out whether fd is still armed, and arms it again if not.
	Verify(fd int) (repaired bool, err error)

	// Take fills records with what is queued, without waiting.
	Take(records []siginfo.Record) (int, error)
	// Sleep waits for one record, at most d, for ever if d is negative. It may
	// return false early.
	Sleep(d time.Duration, record *siginfo.Record) (bool, error)
	// Poll fills Revents, without waiting.
	Poll(fds []sys.PollFd) (int, error)

	// Wake makes Sleep return, now or when it is next called. Any thread may
	// call it.
	Wake()
	// OwnWake says whether record is what Wake sent.
	OwnWake(record *siginfo.Record) bool
}
