//go:build !linux

package sys

import (
	"errors"
	"net/netip"
)

// The Linux file says what these do.

func OpenFileLimit() (uint64, error) { return 0, errors.ErrUnsupported }

func Reserve(Network, netip.AddrPort, ListenOptions) (int, error) { return -1, errors.ErrUnsupported }
