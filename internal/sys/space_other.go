//go:build !linux

package sys

import (
	"errors"
	"os"
)

// FreeSpace returns ErrUnsupported.
func FreeSpace(string) (uint64, error) { return 0, errors.ErrUnsupported }

// LockFile returns ErrUnsupported.
func LockFile(string) (*os.File, error) { return nil, errors.ErrUnsupported }
