package output

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// FileOptions set up a File. The zero value appends to a file for ever.
type FileOptions struct {
	// RotateSize begins a new file rather than let one grow beyond so many bytes, unless a single
	// line is longer. 0 means never.
	RotateSize int64
	// RotateEvery begins a new file with the first line of each such period: of each day in UTC if
	// it is 24 h. A quiet period makes no file. 0 means never.
	RotateEvery time.Duration
	// Keep is how many files that are full are kept; older ones are removed. 0 means all.
	Keep int
	// Compress compresses the files that are full (gzip, at its quickest).
	Compress bool
	// Sync says when fsync(2) is called: SyncNever, SyncAlways, or so long after a write at the
	// latest. A power failure loses what was not yet synced; the end of the program does not.
	Sync time.Duration
}

// The two values of FileOptions.Sync that are no time.
const (
	SyncNever  time.Duration = 0  // the kernel decides, mostly within 30 s
	SyncAlways time.Duration = -1 // Write returns when what it wrote is on the disk
)

// fileMode is the mode of new files: what others send to us is not for everybody.
const fileMode = 0o640

// File is a file of lines, to which a Writer may write (with Options.Persist). It begins a new file
// by size and time, and compresses and removes old ones.
//
// The file at the path is the newest. One that is full is renamed to the path with the time added:
// messages.log.20261124T170836.123456789Z, and .gz behind it if it is compressed. A single goroutine
// does that, one file at a time; what a crash has interrupted it does at the next start.
//
// No line is torn: one that a full disk has cut off is taken back, and Write says that it was not
// written. One process may write to a file that is rotated; to one that is not, several may.
type File struct {
	path    string
	options FileOptions
	archive *archive
	stop    chan struct{} // ends the goroutine that syncs
	synced  chan struct{} // it has ended

	mu     sync.Mutex
	file   *os.File // nil after a failure: opened anew by the next Write
	size   int64
	period time.Time // of the newest line, if RotateEvery
	torn   bool      // the file ends in a part of a line, which could not be taken back
	fresh  bool      // Reopen wants another file at the next whole line
	dirty  bool      // written since the last sync
	again  time.Time // after a rotation that failed: not before
	closed bool

	counts sync.Mutex // guards stats, so that Stats need not wait for a Write
	stats  FileStats
}

var _ io.Writer = (*File)(nil)

// FileStats is the state of a File at one moment.
type FileStats struct {
	Size       int64  // of the newest file, in bytes
	Rotations  uint64 // files that were full
	Compressed uint64
	Removed    uint64 // for Keep
	Failures   uint64 // of rotating, compressing, removing, syncing in the background; writing fails in Write
	LastError  error  // of these
}

// OpenFile opens or creates the file, and fails if it cannot be written to or is no regular file. A
// symbolic link is refused, as rotation would rename the link, and what it points to may not be
// ours. An incomplete line at the end of the file is ended.
func OpenFile(path string, options FileOptions) (*File, error) {
	f := &File{path: path, options: options}
	if err := f.open(); err != nil {
		return nil, err
	}
	f.archive = newArchive(path, options)
	if options.Sync > 0 {
		f.stop, f.synced = make(chan struct{}), make(chan struct{})
		go f.syncing()
	}
	return f, nil
}

// open opens the newest file. mu is held, if anybody else knows f.
func (f *File) open() error {
	info, err := os.Lstat(f.path)
	if err == nil {
		err = regular(f.path, info)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fileError(err)
	}
	file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, fileMode)
	if err != nil {
		return fileError(err)
	}
	info, err = file.Stat()
	if err == nil {
		err = regular(f.path, info)
	}
	if err == nil && info.Size() > 0 {
		err = endLine(file, f.path, info.Size())
	}
	if err == nil {
		info, err = file.Stat()
	}
	if err != nil {
		file.Close()
		return fileError(err)
	}
	f.file, f.size, f.torn, f.fresh = file, info.Size(), false, false
	f.period = f.periodOf(info.ModTime())
	return f.syncFolder()
}

func fileError(err error) error { return fmt.Errorf("sigio: output: %w", err) }

func regular(path string, info os.FileInfo) error {
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil
	case mode&os.ModeSymlink != 0:
		to, _ := os.Readlink(path)
		return fmt.Errorf("%s is a symbolic link to %s: name the file itself", path, to)
	case mode.IsDir():
		return fmt.Errorf("%s is a directory: want a file in it, such as %s", path, filepath.Join(path, "messages.log"))
	default:
		return fmt.Errorf("%s is no regular file", path)
	}
}

// endLine ends the last line, if a crash has left a part of one, so that the next does not become
// its end. It is not cut off, because it may be somebody else's.
func endLine(file *os.File, path string, size int64) error {
	r, err := os.Open(path)
	if err != nil {
		return nil // write permission is enough: only the look at the end is left out
	}
	defer r.Close()
	last := make([]byte, 1)
	if _, err := r.ReadAt(last, size-1); err == nil && last[0] != '\n' {
		_, err = file.Write([]byte{'\n'})
		return err
	}
	return nil
}

// Write appends lines, each ended by "\n". It returns how many bytes of them stand in the file,
// and an error if that is not all: a number of whole lines, unless the part of one could not be
// taken back; then the next Write must go on with the rest of it, as a Writer does. With SyncAlways
// what it returns is on the disk.
func (f *File) Write(p []byte) (n int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return 0, os.ErrClosed
	}
	for n < len(p) && err == nil {
		if err = f.prepare(p[n:]); err != nil {
			break
		}
		var k int
		k, err = f.append(f.fit(p[n:]))
		n += k
	}
	f.count(func(s *FileStats) { s.Size = f.size })
	return n, err
}

// count changes what Stats returns.
func (f *File) count(change func(*FileStats)) {
	f.counts.Lock()
	change(&f.stats)
	f.counts.Unlock()
}

// prepare opens a file if there is none, or if it is time for a new one.
func (f *File) prepare(p []byte) error {
	if f.file == nil {
		return f.open()
	}
	switch now := time.Now(); {
	case f.torn:
		return nil
	case f.fresh:
		return f.reopen()
	case f.due(p, now):
		return f.rotate(now)
	}
	return nil
}

// fit returns the lines of p that the file has room for, at least one; or the rest of a torn one.
func (f *File) fit(p []byte) []byte {
	first := bytes.IndexByte(p, '\n') + 1
	if first == 0 {
		return p
	}
	if f.torn {
		return p[:first]
	}
	if room := f.options.RotateSize - f.size; f.options.RotateSize > 0 && room < int64(len(p)) {
		return p[:max(first, bytes.LastIndexByte(p[:max(room, 0)], '\n')+1)]
	}
	return p
}

// append writes p, and takes back the part of a line.
func (f *File) append(p []byte) (int, error) {
	before, torn := f.size, f.torn
	n, err := f.file.Write(p)
	f.size += int64(n)
	f.dirty = true
	if n > 0 {
		f.torn = p[n-1] != '\n'
		f.period = f.periodOf(time.Now())
	}
	if err == nil && f.options.Sync == SyncAlways {
		if err = f.file.Sync(); err != nil && f.truncate(before) {
			// The kernel may have given up pages that it could not write (fsync(2)): they are
			// written again.
			n, f.torn = 0, torn
		}
	}
	if err == nil {
		return n, nil
	}
	if whole := bytes.LastIndexByte(p[:n], '\n') + 1; f.torn && n > 0 && (whole > 0 || !torn) {
		if f.truncate(before + int64(whole)) {
			n, f.torn = whole, false
		}
	}
	if !f.torn {
		f.file.Close() // the next Write opens it anew: that helps if it has become stale
		f.file = nil
	}
	return n, err
}

// truncate cuts the file to size, unless another process has written to it.
func (f *File) truncate(size int64) bool {
	info, err := f.file.Stat()
	if err != nil || info.Size() != f.size || f.file.Truncate(size) != nil {
		return false
	}
	f.size = size
	return true
}

// Reopen opens the file at the path anew, as after a signal SIGHUP: somebody else may have renamed
// it. If that fails the old one is kept. A line that is written in part is completed first. It waits
// for a Write that is under way.
func (f *File) Reopen() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.closed:
		return os.ErrClosed
	case f.torn:
		f.fresh = true
		return nil
	}
	return f.reopen()
}

func (f *File) reopen() error {
	old := f.file
	f.sync()
	if err := f.open(); err != nil {
		f.file = old
		return err
	}
	if old != nil {
		old.Close()
	}
	return nil
}

// Close ends the background work, which the next start resumes, and closes the file. The Writer
// that writes to it is closed first.
func (f *File) Close() error {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return nil
	}
	f.closed = true
	err := f.sync()
	if f.file != nil {
		err = errors.Join(err, f.file.Close())
	}
	f.mu.Unlock()
	if f.stop != nil {
		close(f.stop)
		<-f.synced
	}
	f.archive.close()
	return err
}

// Stats returns the present state. It never waits.
func (f *File) Stats() FileStats {
	f.counts.Lock()
	s := f.stats
	f.counts.Unlock()
	f.archive.addTo(&s)
	return s
}
