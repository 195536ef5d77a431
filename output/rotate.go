package output

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// stamp is the form of the time in the name of a file that is full. Names sort as their times do.
const stamp = "20060102T150405.000000000Z"

// rotateAgain is how long after a rotation that failed it is tried again. Meanwhile lines go on
// into the old file.
const rotateAgain = time.Second

func (f *File) periodOf(t time.Time) time.Time {
	if f.options.RotateEvery <= 0 {
		return time.Time{}
	}
	return t.UTC().Truncate(f.options.RotateEvery)
}

// due says whether the file is full: its period is over, or the first line of p does not fit.
func (f *File) due(p []byte, now time.Time) bool {
	if f.size == 0 || now.Before(f.again) {
		return false
	}
	if f.options.RotateEvery > 0 && !f.periodOf(now).Equal(f.period) {
		return true
	}
	first := bytes.IndexByte(p, '\n') + 1
	return f.options.RotateSize > 0 && f.size+int64(first) > f.options.RotateSize
}

// rotate gives the file its name for good, and opens a new one.
func (f *File) rotate(now time.Time) error {
	f.sync()
	old := f.file
	f.file = nil
	if err := old.Close(); err != nil {
		f.fail(err)
	}
	if err := os.Rename(f.path, f.archive.name(now)); err != nil && !errors.Is(err, os.ErrNotExist) {
		f.fail(err)
		f.again = now.Add(rotateAgain)
	} else {
		f.count(func(s *FileStats) { s.Rotations++ })
		f.archive.kick()
	}
	return f.open()
}

// sync calls fsync if that is wanted and there is something to sync.
func (f *File) sync() error {
	if f.file == nil || !f.dirty || f.options.Sync == SyncNever {
		return nil
	}
	f.dirty = false
	err := f.file.Sync()
	if err != nil {
		f.fail(err)
	}
	return err
}

// syncFolder makes the names of files as durable as their content.
func (f *File) syncFolder() error {
	if f.options.Sync == SyncNever || runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(filepath.Dir(f.path))
	if err != nil {
		return nil // it may be written to, but not be read: the names come with the next journal
	}
	defer folder.Close()
	folder.Sync() // some file systems cannot (fsync(2), EINVAL)
	return nil
}

func (f *File) fail(err error) {
	f.count(func(s *FileStats) { s.Failures, s.LastError = s.Failures+1, err })
}

// syncing calls fsync every FileOptions.Sync. Writing goes on meanwhile.
func (f *File) syncing() {
	defer close(f.synced)
	ticker := time.NewTicker(f.options.Sync)
	defer ticker.Stop()
	for {
		select {
		case <-f.stop:
			return
		case <-ticker.C:
		}
		f.mu.Lock()
		file, dirty := f.file, f.dirty
		f.dirty = false
		f.mu.Unlock()
		if file == nil || !dirty {
			continue
		}
		// One that was closed meanwhile was synced before.
		if err := file.Sync(); err != nil && !errors.Is(err, os.ErrClosed) {
			f.fail(err)
			f.mu.Lock()
			f.dirty = true
			f.mu.Unlock()
		}
	}
}
