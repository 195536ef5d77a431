package sys_test

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/seed-067c1534/sigio/internal/sys"
)

func TestFreeSpace(t *testing.T) {
	if n, err := sys.FreeSpace(t.TempDir()); err != nil || n == 0 {
		t.Error(n, err)
	}
	if _, err := sys.FreeSpace("/nowhere"); !errors.Is(err, syscall.ENOENT) {
		t.Error("of what is not there:", err)
	}
}

func TestLockFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	f, err := sys.LockFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sys.LockFile(path); !errors.Is(err, syscall.EAGAIN) {
		t.Error("twice:", err)
	}
	f.Close()
	f, err = sys.LockFile(path)
	if err != nil {
		t.Fatal("after the end:", err)
	}
	f.Close()
}
