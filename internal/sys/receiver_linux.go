package sys

import (
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// OpenFileLimit returns how many descriptors this process may have open: the limit
// in force (RLIMIT_NOFILE, getrlimit(2)).
func OpenFileLimit() (uint64, error) {
	var limit unix.Rlimit
	err := unix.Prlimit(0, unix.RLIMIT_NOFILE, nil, &limit)
	return limit.Cur, os.NewSyscallError("prlimit", err)
}

// Reserve makes a socket bound to addr that neither listens nor receives
// connections: it holds the address, and finds out whether somebody else has it.
// The caller owns the descriptor.
func Reserve(n Network, addr netip.AddrPort, o ListenOptions) (fd int, err error) {
	return bound(n, addr, o)
}
