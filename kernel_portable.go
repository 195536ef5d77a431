//go:build linux || darwin || freebsd

package sigio

import (
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// plainSIGIO is the portable back end: SIGIO, sent to the process, through
// os/signal. Such a signal names no descriptor and does not queue, so each one
// means the same as an overflow does on Linux: look at every descriptor.
type plainSIGIO struct {
	notified chan os.Signal // one deep: a second mark says nothing new
	woken    chan struct{}  // one deep
	timer    *time.Timer
	mark     siginfo.Record
}

func newPortable() (kernel, error) {
	return &plainSIGIO{
		notified: make(chan os.Signal, 1),
		woken:    make(chan struct{}, 1),
		mark:     siginfo.PollRecord(int(syscall.SIGIO), siginfo.Kernel, 0),
	}, nil
}

func (p *plainSIGIO) Attach() error {
	signal.Notify(p.notified, syscall.SIGIO)
	return nil
}

func (p *plainSIGIO) Detach() { signal.Stop(p.notified) }

func (p *plainSIGIO) Arm(fd int) error {
	if _, err := nonblockingFlags(fd); err != nil {
		return err
	}
	if err := sys.SetOwnerProcess(fd); err != nil {
		return err
	}
	return unsupportedFile(sys.SetAsync(fd, true))
}

func (p *plainSIGIO) Disarm(fd int) error { return sys.SetAsync(fd, false) }

func (p *plainSIGIO) Rearm(fd int) error { return sys.SetAsync(fd, true) }

func (p *plainSIGIO) Verify(fd int) (repaired bool, err error) {
	flags, repaired, err := keepNonblocking(fd)
	if err != nil {
		return false, err
	}
	if flags&sys.FlagAsync != 0 {
		return repaired, sys.SetOwnerProcess(fd) // whoever it is now
	}
	return true, p.Arm(fd)
}

func (p *plainSIGIO) Take(records []siginfo.Record) (int, error) {
	select {
	case <-p.notified:
		records[0] = p.mark
		return 1, nil
	default:
		return 0, nil
	}
}

func (p *plainSIGIO) Sleep(d time.Duration, record *siginfo.Record) (bool, error) {
	var over <-chan time.Time
	if d >= 0 {
		if p.timer == nil {
			p.timer = time.NewTimer(d)
		} else {
			p.timer.Reset(d) // since Go 1.23 no old tick is left behind
		}
		over = p.timer.C
	}
	select {
	case <-p.notified:
		*record = p.mark
		return true, nil
	case <-p.woken:
	case <-over:
	}
	return false, nil
}

func (p *plainSIGIO) Poll(fds []sys.PollFd) (int, error) { return sys.Poll(fds) }

func (p *plainSIGIO) Wake() {
	select {
	case p.woken <- struct{}{}:
	default:
	}
}

// OwnWake says no: Wake sends no signal here.
func (p *plainSIGIO) OwnWake(*siginfo.Record) bool { return false }
