package sigio

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// lookBand is what a look with poll(2) asks for; errors and hang-ups come
// unasked.
const lookBand = siginfo.In | siginfo.Pri | siginfo.RdHup

// signalQueue is the private signal queue of one thread.
//
// It uses exactly one real-time number, because with two in one queue the kernel
// searches the whole queue at each removal (linux/kernel/signal.c,
// collect_signal), and SIGIO, by which the kernel says that the queue was full.
// Both are blocked on this thread, and only those two: the Go runtime needs the
// others.
type signalQueue struct {
	signo    int
	mask     *sys.Mask
	signalfd int
	tid      atomic.Int64
	token    int32 // what Wake sends, so that nobody's signal passes for it
}

func newKernel(o Options) (kernel, error) {
	if o.Portable {
		return newPortable()
	}
	if o.RaiseQueueLimit {
		if err := raiseQueueLimit(); err != nil {
			return nil, fmt.Errorf("sigio: raise the limit of queued signals: %w", err)
		}
	}
	var random [4]byte
	rand.Read(random[:]) // never fails, by its documentation
	return &signalQueue{
		signo:    o.Signal,
		mask:     sys.NewMask(o.Signal, int(syscall.SIGIO)),
		signalfd: -1,
		token:    int32(binary.NativeEndian.Uint32(random[:])),
	}, nil
}

func raiseQueueLimit() error {
	soft, hard, err := sys.SignalLimit()
	if err != nil || soft == hard {
		return err
	}
	return sys.SetSignalLimit(hard)
}

func (q *signalQueue) Attach() error {
	q.tid.Store(int64(sys.ThreadID()))
	if err := sys.Block(q.mask); err != nil {
		return err
	}
	if q.signalfd >= 0 {
		return nil // a signalfd reads the queue of whichever thread reads
	}
	signalfd, err := sys.NewSignalfd(q.mask)
	if err != nil {
		return err
	}
	q.signalfd = signalfd
	return nil
}

func (q *signalQueue) Detach() {
	sys.Close(q.signalfd)
	q.signalfd = -1
}

// Arm follows the one order in which no event is lost or sent elsewhere: owner,
// signal, and only then the switch.
func (q *signalQueue) Arm(fd int) error {
	flags, err := nonblockingFlags(fd)
	if err != nil {
		return err
	}
	if flags&sys.FlagAsync != 0 {
		// The signals would name the number under which somebody armed this
		// description earlier (fs/fcntl.c, fasync_insert_entry).
		if err := clearAsync(fd); err != nil {
			return err
		}
	}
	if err := sys.SetOwnerThread(fd, int(q.tid.Load())); err != nil {
		return err
	}
	if err := sys.SetSignal(fd, q.signo); err != nil {
		return err
	}
	return unsupportedFile(sys.SetAsync(fd, true))
}

// errOpenedAsync is about a trap of open(2): with O_ASYNC it stores the flag but
// makes no entry on the file's list of listeners, after which the kernel takes
// every attempt to switch signals on or off for done.
var errOpenedAsync = fmt.Errorf("it was opened with O_ASYNC, so that the kernel can never signal for it; open it without: %w", errors.ErrUnsupported)

func clearAsync(fd int) error {
	if err := sys.SetAsync(fd, false); err != nil {
		return unsupportedFile(err)
	}
	flags, err := sys.Flags(fd)
	if err == nil && flags&sys.FlagAsync != 0 {
		return errOpenedAsync
	}
	return err
}

// unsupportedFile makes an error of FIOASYNC say what ENOTTY means here.
func unsupportedFile(err error) error {
	if errors.Is(err, syscall.ENOTTY) {
		return fmt.Errorf("this kind of file sends no I/O signals (sockets, pipes, terminals and some devices do): %w (%w)", errors.ErrUnsupported, err)
	}
	return err
}

func (q *signalQueue) Disarm(fd int) error { return sys.SetAsync(fd, false) }

func (q *signalQueue) Rearm(fd int) error { return sys.SetAsync(fd, true) }

func (q *signalQueue) Verify(fd int) (repaired bool, err error) {
	owner, err := sys.OwnerThread(fd)
	if err != nil {
		return false, err
	}
	signo, err := sys.Signal(fd)
	if err != nil {
		return false, err
	}
	flags, repaired, err := keepNonblocking(fd)
	if err != nil {
		return false, err
	}
	if owner == int(q.tid.Load()) && signo == q.signo && flags&sys.FlagAsync != 0 {
		// The kernel compares the user ids that it stored with the owner when it
		// sends (fs/fcntl.c, sigio_perm), so a process that has changed its user
		// since is not heard until it sets the owner again.
		return repaired, sys.SetOwnerThread(fd, owner)
	}
	return true, q.Arm(fd)
}

func (q *signalQueue) Take(records []siginfo.Record) (int, error) {
	return sys.ReadSignals(q.signalfd, records)
}

func (q *signalQueue) Sleep(d time.Duration, record *siginfo.Record) (bool, error) {
	var native [siginfo.RecordSize]byte
	got, err := sys.Sleep(q.mask, d, &native)
	if got {
		*record = siginfo.FromNative(&native)
	}
	return got, err
}

func (q *signalQueue) Poll(fds []sys.PollFd) (int, error) { return sys.Poll(fds) }

// Wake queues a signal with the token. When the queue is full it sends SIGIO,
// which always gets through. If the thread has died there is nobody to wake, and
// the next one finds the work by itself.
func (q *signalQueue) Wake() {
	tid := int(q.tid.Load())
	if err := sys.QueueThread(tid, q.signo, q.token); errors.Is(err, syscall.EAGAIN) {
		sys.KillThread(tid, int(syscall.SIGIO))
	}
}

func (q *signalQueue) OwnWake(r *siginfo.Record) bool {
	if r.Signo() == int(syscall.SIGIO) {
		// At a full queue the kernel delivers a standard signal without its
		// siginfo: SI_USER from process 0.
		return r.PID() == os.Getpid() && r.Code() == siginfo.TKill || r.PID() == 0 && r.Code() == siginfo.User
	}
	return r.Code() == siginfo.Queue && r.PID() == os.Getpid() && int32(r.Int()) == q.token
}
