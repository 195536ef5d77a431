package sys

import (
	"os"

	"golang.org/x/sys/unix"
)

const limitSignals = 11 // RLIMIT_SIGPENDING on every architecture

// SignalLimit returns how many signals may be queued for this process's user:
// the limit in force and the one it may be raised to (RLIMIT_SIGPENDING,
// getrlimit(2)).
func SignalLimit() (soft, hard uint64, err error) {
	var limit unix.Rlimit
	err = unix.Prlimit(0, limitSignals, nil, &limit)
	return limit.Cur, limit.Max, os.NewSyscallError("prlimit", err)
}

// SetSignalLimit sets the limit in force, up to the hard one.
func SetSignalLimit(soft uint64) error {
	var limit unix.Rlimit
	if err := unix.Prlimit(0, limitSignals, nil, &limit); err != nil {
		return os.NewSyscallError("prlimit", err)
	}
	limit.Cur = soft
	return os.NewSyscallError("prlimit", unix.Prlimit(0, limitSignals, &limit, nil))
}
