//go:build !(linux || darwin || freebsd)

package sigio

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/seed-067c1534/sigio/siginfo"
)

const lookBand = siginfo.In

func newKernel(Options) (kernel, error) {
	return nil, fmt.Errorf("sigio: no signal-driven I/O on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}
