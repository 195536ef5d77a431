package output

import (
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// archive takes care of the files that are full. Its state is the folder itself: each time it is
// kicked, and when it starts, it looks what is there, so that nothing is forgotten over a crash.
//
//	X           full
//	X.gz.tmp    being compressed; of no use after a crash
//	X.gz        compressed. It gets this name when it is on the disk, so X is superfluous beside it
type archive struct {
	path    string
	options FileOptions
	kicked  chan struct{} // one slot
	stop    chan struct{}
	ended   chan struct{}

	mu         sync.Mutex
	last       string // the newest name that was given
	compressed uint64
	removed    uint64
	failures   uint64
	lastError  error
}

// tidyAgain is how long after a failure, such as a full disk, it is tried again.
const tidyAgain = 30 * time.Second

// newArchive starts the goroutine if the options give it something to do.
func newArchive(path string, options FileOptions) *archive {
	a := &archive{path: path, options: options}
	if options.Keep > 0 || options.Compress {
		a.kicked, a.stop, a.ended = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
		a.kick()
		go a.run()
	}
	return a
}

func (a *archive) kick() {
	select {
	case a.kicked <- struct{}{}:
	default: // it will look anyway, or there is nobody
	}
}

// close leaves compression to the next start, and removes what is too old: that is quick, and
// nobody may start again.
func (a *archive) close() {
	if a.stop == nil {
		return
	}
	close(a.stop)
	<-a.ended
	if _, err := a.prune(); err != nil {
		a.failed(err)
	}
}

func (a *archive) run() {
	defer close(a.ended)
	again := time.NewTimer(tidyAgain)
	defer again.Stop()
	for {
		select {
		case <-a.stop:
			return
		case <-a.kicked:
		case <-again.C:
		}
		again.Stop()
		if err := a.tidy(); err != nil && !errors.Is(err, errStopped) {
			a.failed(err)
			again.Reset(tidyAgain)
		}
	}
}

func (a *archive) failed(err error) {
	a.mu.Lock()
	a.failures++
	a.lastError = err
	a.mu.Unlock()
}

// name returns a new name for a file that became full now: later than all that it gave, and none
// that exists.
func (a *archive) name(now time.Time) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	for ; ; now = now.Add(1) {
		name := a.path + "." + now.UTC().Format(stamp)
		if name > a.last && missing(name) && missing(name+".gz") {
			a.last = name
			return name
		}
	}
}

func missing(name string) bool {
	_, err := os.Lstat(name)
	return errors.Is(err, os.ErrNotExist)
}

// full returns the names of the files that are full, without .gz, the oldest first, and what was
// left of compressing.
func (a *archive) full() (names, left []string, err error) {
	folder := filepath.Dir(a.path)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		rest, ours := strings.CutPrefix(e.Name(), filepath.Base(a.path)+".")
		when, temporary := strings.CutSuffix(rest, ".gz.tmp")
		if !temporary {
			when = strings.TrimSuffix(rest, ".gz")
		}
		if _, err := time.Parse(stamp, when); !ours || err != nil || !e.Type().IsRegular() {
			continue
		}
		if temporary {
			left = append(left, filepath.Join(folder, e.Name()))
		} else if name := filepath.Join(folder, strings.TrimSuffix(e.Name(), ".gz")); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, left, nil
}

// tidy removes what is too old and compresses what is not yet compressed. Before each file it looks
// anew, since others may have become too old while the last was compressed.
func (a *archive) tidy() error {
	for {
		names, err := a.prune()
		if err != nil || !a.options.Compress {
			return err
		}
		next := slices.IndexFunc(names, func(name string) bool { return !missing(name) })
		switch {
		case next < 0:
			return nil
		case missing(names[next] + ".gz"):
			err = a.compress(names[next])
		default:
			err = remove(names[next])
		}
		if err != nil {
			return err
		}
	}
}

// prune removes what is too old and what was left of compressing, and returns the names of the rest.
func (a *archive) prune() ([]string, error) {
	names, left, err := a.full()
	if err != nil {
		return nil, err
	}
	for _, name := range left {
		err = errors.Join(err, os.Remove(name))
	}
	if n := len(names) - a.options.Keep; a.options.Keep > 0 && n > 0 {
		for _, name := range names[:n] {
			err = errors.Join(err, remove(name), remove(name+".gz"))
		}
		names = names[n:]
		a.mu.Lock()
		a.removed += uint64(n)
		a.mu.Unlock()
	}
	return names, err
}

// remove is os.Remove, but content if there is nothing.
func remove(name string) error {
	if err := os.Remove(name); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (a *archive) compress(name string) (err error) {
	in, err := os.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	temporary := name + ".gz.tmp"
	out, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if err != nil {
		return err
	}
	packed, _ := gzip.NewWriterLevel(out, gzip.BestSpeed) // the level exists
	packed.ModTime = info.ModTime()
	_, err = io.Copy(packed, &stoppable{in, a.stop})
	if err == nil {
		err = packed.Close()
	}
	if err == nil {
		err = out.Sync()
	}
	if e := out.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(temporary, name+".gz")
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	a.mu.Lock()
	a.compressed++
	a.mu.Unlock()
	in.Close()
	return remove(name)
}

var errStopped = errors.New("stopped")

// stoppable reads until somebody wants it to stop.
type stoppable struct {
	r    io.Reader
	stop chan struct{}
}

func (s *stoppable) Read(p []byte) (int, error) {
	select {
	case <-s.stop:
		return 0, errStopped
	default:
		return s.r.Read(p)
	}
}

func (a *archive) addTo(s *FileStats) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s.Compressed, s.Removed = a.compressed, a.removed
	s.Failures += a.failures
	if a.lastError != nil {
		s.LastError = a.lastError
	}
}
