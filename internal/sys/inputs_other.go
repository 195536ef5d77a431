//go:build !linux

package sys

import (
	"errors"
	"net/netip"
	"time"
)

// See inputs_linux.go.

func JoinGroup(int, netip.Addr, int) error           { return errors.ErrUnsupported }
func ListenGroup(netip.AddrPort) (int, error)        { return -1, errors.ErrUnsupported }
func SetUserTimeout(int, time.Duration) error        { return errors.ErrUnsupported }
func StampArrival(int) error                         { return errors.ErrUnsupported }
func (*DatagramBatch) Arrival(int) (time.Time, bool) { return time.Time{}, false }
