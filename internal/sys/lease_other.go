//go:build !linux

package sys

import (
	"errors"
	"time"
)

// Leases exist on Linux alone. The Linux file says what these do.

func SetLease(int, LeaseKind) error          { return errors.ErrUnsupported }
func Lease(int) (LeaseKind, bool, error)     { return NoLease, false, errors.ErrUnsupported }
func LeaseBreakTime() (time.Duration, error) { return 0, errors.ErrUnsupported }

type FileTraits struct{ Regular, Writable, PathOnly, Async bool }

func Traits(int) (FileTraits, error) { return FileTraits{}, errors.ErrUnsupported }
