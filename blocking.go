//go:build linux || darwin || freebsd

package sigio

import (
	"fmt"
	"os"

	"github.com/seed-067c1534/sigio/internal/sys"
)

// errBlocking is about a descriptor whose reads and writes would stop the loop.
var errBlocking = fmt.Errorf("it is in blocking mode; make it non-blocking first (O_NONBLOCK, open(2)): %w", os.ErrInvalid)

// nonblockingFlags returns the status flags of a descriptor that is to be armed.
func nonblockingFlags(fd int) (flags int, err error) {
	flags, err = sys.Flags(fd)
	if err == nil && flags&sys.FlagNonblock == 0 {
		err = errBlocking
	}
	return flags, err
}

// keepNonblocking returns the status flags of an armed descriptor, and sets
// O_NONBLOCK again if somebody has taken it away. A read that sleeps would stop
// the reader, and keep the kernel from signalling at all (SOCKWQ_ASYNC_WAITDATA,
// net/core/sock.c).
func keepNonblocking(fd int) (flags int, repaired bool, err error) {
	flags, err = sys.Flags(fd)
	if err != nil || flags&sys.FlagNonblock != 0 {
		return flags, false, err
	}
	return flags, true, sys.SetFlags(fd, flags|sys.FlagNonblock)
}
