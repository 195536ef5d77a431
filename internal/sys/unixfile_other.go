//go:build !linux

package sys

import (
	"errors"
	"os"
)

// See unixfile_linux.go.

type FileID struct{ Device, Inode uint64 }

type UnixFile struct {
	Mode     os.FileMode
	UID, GID int
}

func ListenUnixFile(Network, string, int, UnixFile) (int, FileID, error) {
	return -1, FileID{}, errors.ErrUnsupported
}
func RemoveUnixFile(string, FileID) bool { return false }
