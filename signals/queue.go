package signals

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/seed-067c1534/sigio/internal/sys"
)

// Queue sends a signal with a value to a process, as sigqueue(3) does: the
// receiver finds the value in Info.Value, and this process in Info.Sender. Signals
// from 35 on are queued, however many; another one is merged with the same one
// that the receiver has not taken yet, and its value is lost.
//
// Queue does not wait. Errors: EAGAIN when the receiver's user has as many signals
// queued as it may (RLIMIT_SIGPENDING, getrlimit(2)), in which case nothing was
// sent; ESRCH when there is no such process; EPERM when it is another user's;
// EINVAL for a number that is no signal; errors.ErrUnsupported elsewhere than on
// Linux. All are found with errors.Is.
//
// A process number may have become another process's. [QueueProcess] cannot meet
// the wrong one.
func Queue(pid int, sig os.Signal, value int32) error {
	if pid <= 0 { // not a number of one process, see kill(2)
		return fmt.Errorf("signals: queue for process %d: %w", pid, syscall.EINVAL)
	}
	return send(sig, func(signo int) error { return sys.QueueProcess(pid, signo, value) })
}

// QueueProcess is [Queue] for a child, or for what os.FindProcess found. Where the
// kernel has pidfd_open(2) (Linux 5.3) the signal reaches that process or none,
// even if its number is in use again. After the process was waited for, the error
// is os.ErrProcessDone.
func QueueProcess(p *os.Process, sig os.Signal, value int32) error {
	return send(sig, func(signo int) error {
		var sent error
		err := p.WithHandle(func(pidfd uintptr) { sent = sys.QueueHandle(pidfd, signo, value) })
		if errors.Is(err, os.ErrNoHandle) {
			if err := p.Signal(syscall.Signal(0)); err != nil { // knows whether p was waited for
				return err
			}
			return sys.QueueProcess(p.Pid, signo, value)
		}
		if err == nil && errors.Is(sent, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return errors.Join(err, sent)
	})
}

// QueueThread is [Queue] for one thread, tid, of a process (rt_tgsigqueueinfo(2)).
// The kernel gives the signal to no other thread, so that it arrives even while
// that thread blocks it, later. ESRCH: the process has no such thread.
func QueueThread(pid, tid int, sig os.Signal, value int32) error {
	return send(sig, func(signo int) error { return sys.QueueThreadOf(pid, tid, signo, value) })
}

func send(sig os.Signal, call func(signo int) error) error {
	s, ok := sig.(syscall.Signal)
	if !ok || s <= 0 { // 0 sends nothing, which is kill(2)'s way to ask
		return fmt.Errorf("signals: queue %v: %w", sig, syscall.EINVAL)
	}
	if err := call(int(s)); err != nil {
		return fmt.Errorf("signals: queue: %w", err)
	}
	return nil
}
