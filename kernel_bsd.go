//go:build darwin || freebsd

package sigio

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/seed-067c1534/sigio/siginfo"
)

// lookBand is what a look with poll(2) asks for.
const lookBand = siginfo.In | siginfo.Pri

func newKernel(o Options) (kernel, error) { return newPortable() }

// unsupportedFile makes the errors for files that cannot signal say so.
func unsupportedFile(err error) error {
	if errors.Is(err, syscall.ENOTTY) || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENODEV) {
		return fmt.Errorf("this kind of file sends no I/O signals (sockets, pipes, terminals and some devices do): %w (%w)", errors.ErrUnsupported, err)
	}
	return err
}
