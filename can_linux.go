package sigio

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/seed-067c1534/sigio/internal/sys"
)

func canSignal(fd int) error {
	traits, err := sys.Traits(fd)
	switch {
	case err != nil:
		return err
	case traits.PathOnly:
		return fmt.Errorf("it was opened with O_PATH, so that it sends no I/O signals: %w", errors.ErrUnsupported)
	case traits.Async:
		return fmt.Errorf("its signals are on already, or it has a lease, or it was opened with O_ASYNC: %w", syscall.EBUSY)
	}
	before, err := sys.AsyncSettings(fd)
	if err != nil {
		return err
	}
	// Terminals and tun devices would choose an owner of their own, if there were
	// none: the foreground process group, which SIGIO ends (drivers/tty/tty_io.c,
	// __tty_fasync).
	err = sys.SetOwnerThread(fd, sys.ThreadID())
	if err == nil {
		err = sys.SetSignal(fd, int(syscall.SIGURG))
	}
	if err == nil {
		err = sys.SetAsync(fd, true)
	}
	if err == nil {
		err = sys.SetAsync(fd, false)
	}
	return unsupportedFile(errors.Join(err, before.Restore(fd)))
}
