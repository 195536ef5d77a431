package spool

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"syscall"

	"github.com/seed-067c1534/sigio/internal/sys"
)

// ballast is a file that is thrown away when the disk is full, so that the store can be made smaller: it
// writes what is left of its oldest file anew before it removes it, and a server that fails in this does
// not answer any more.
type ballast struct{ path string }

// take writes the file, unless it is there or would leave less than the reserve.
func (b ballast) take() {
	if info, err := os.Stat(b.path); err == nil && info.Size() == reserve {
		return
	}
	if free, err := sys.FreeSpace(filepath.Dir(b.path)); err != nil || free < 2*reserve {
		return
	}
	data := make([]byte, reserve)
	rand.Read(data) // which no file system makes smaller
	if os.WriteFile(b.path, data, 0o600) != nil {
		b.drop()
	}
}

func (b ballast) drop() { os.Remove(b.path) }

// makeRoom returns an error that wraps syscall.ENOSPC if there is not even the room to remove something.
func (h *host) makeRoom() error {
	if h.space() == nil {
		return nil
	}
	h.ballast.drop()
	if free, err := sys.FreeSpace(h.options.Dir); err == nil && free < reserve/2 {
		return syscall.ENOSPC
	}
	return nil
}
