package load

import (
	"bytes"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Watched is the file of a sink, while it grows.
type Watched struct {
	path    string
	file    *os.File
	buf     []byte
	counted int64 // bytes
	lines   int
}

// Watch opens a sink's file, which must exist.
func Watch(path string) (*Watched, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &Watched{path: path, file: f, buf: make([]byte, 1<<20)}, nil
}

// Size returns the file's size.
func (w *Watched) Size() int64 {
	var st unix.Stat_t
	if unix.Fstat(int(w.file.Fd()), &st) != nil {
		return 0
	}
	return st.Size
}

// Lines returns how many lines the file has now.
func (w *Watched) Lines() int {
	for {
		n, err := w.file.ReadAt(w.buf, w.counted)
		w.lines += bytes.Count(w.buf[:n], []byte{'\n'})
		w.counted += int64(n)
		if err != nil || n == 0 {
			return w.lines
		}
	}
}

const (
	lookEvery = 500 * time.Microsecond
	// quiet is how long a file must not grow to be counted, which is only done
	// then, since it takes time and bandwidth from the server.
	quiet = 50 * time.Millisecond
	// stuck is how long it must not grow to be given up. A connection that
	// was refused for want of room tries again after one second and after three.
	stuck = 5 * time.Second
)

// Await waits until the file has n lines, or until it has not grown for patience
// (0: long enough for every retry), and returns how many it has and when it grew
// for the last time.
func (w *Watched) Await(n int, patience time.Duration) (lines int, grown int64) {
	if patience == 0 {
		patience = stuck
	}
	size, grown := w.Size(), Now()
	counted := int64(-1)
	for {
		now := Now()
		if s := w.Size(); s != size {
			size, grown = s, now
		}
		still := time.Duration(now - grown)
		if (size != counted && still >= quiet) || size >= int64(n)*int64(MessageSize+1) {
			counted = size
			if w.Lines() >= n {
				return w.lines, grown
			}
		}
		if still >= patience {
			return w.Lines(), grown
		}
		Pause(lookEvery)
	}
}

// Clear empties the file.
func (w *Watched) Clear() error {
	w.counted, w.lines = 0, 0
	return os.Truncate(w.path, 0)
}
