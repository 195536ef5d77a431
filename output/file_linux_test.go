package output_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/output"
)

// A file system that is full is a state that is shown, tears no line, and passes by itself.
func TestFileOnFullDisk(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := syscall.Mount("none", folder, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("may not mount a small file system here, not a test of it: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(folder, syscall.MNT_DETACH) })
	path := filepath.Join(folder, "log")
	for _, sync := range []time.Duration{output.SyncNever, output.SyncAlways} {
		if err := os.WriteFile(filepath.Join(folder, "ballast"), make([]byte, 40<<10), 0o600); err != nil {
			t.Fatal(err)
		}
		f := openFile(t, path, output.FileOptions{Sync: sync})
		o := open(t, f, output.Options{Persist: true})
		var r receipt
		want := ""
		for i := range 1000 {
			text := fmt.Sprintf("%04d %s", i, strings.Repeat("x", 30))
			want += text + "\n"
			put(t, o, &r, text)
		}
		waitUntil(t, "the disk to be full", func() bool { return o.Stats().Stalled })
		st := o.Stats()
		if !errors.Is(st.LastError, syscall.ENOSPC) || st.Pending == 0 {
			t.Fatalf("%+v", st)
		}
		// Whoever reads the file now sees whole lines, but for the moment in which another attempt
		// to write fails.
		waitUntil(t, "whole lines", func() bool {
			got := content(t, path)
			return strings.HasSuffix(got, "x\n") && strings.HasPrefix(want, got)
		})
		conserved(t, o, 1000)
		if err := os.Remove(filepath.Join(folder, "ballast")); err != nil {
			t.Fatal(err)
		}
		waitUntil(t, "the rest", func() bool { return o.Stats().Pending == 0 })
		r.told(t, 1000, 0, "")
		if got := content(t, path); got != want || o.Stats().Stalled {
			t.Fatalf("%d bytes, want %d; %+v", len(got), len(want), o.Stats())
		}
		o.Close(t.Context())
		f.Close()
		os.Remove(path)
	}
}

// A named pipe is refused rather than waited for.
func TestFileNoPipe(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := output.OpenFile(path, output.FileOptions{}); err == nil || !strings.Contains(err.Error(), "is no regular file") {
		t.Fatal(err)
	}
}

func TestFileNotWritable(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root may write to everything, not a test for it")
	}
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, nil, 0o400); err != nil {
		t.Fatal(err)
	}
	if _, err := output.OpenFile(path, output.FileOptions{}); !errors.Is(err, os.ErrPermission) {
		t.Fatal(err)
	}
}
