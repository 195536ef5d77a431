package sigtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"go.uber.org/goleak"
)

// Baseline is what a process had at one moment: its descriptors and goroutines.
type Baseline struct {
	files      map[string]string
	goroutines goleak.Option
}

// NewBaseline takes the present state.
func NewBaseline() (*Baseline, error) {
	// Make the Go runtime open what its network poller keeps for ever.
	if r, w, err := os.Pipe(); err == nil {
		r.Close()
		w.Close()
	}
	files, err := openFiles()
	return &Baseline{files, goleak.IgnoreCurrent()}, err
}

// Leaks returns an error that lists what is there now and was not then: open
// descriptors with what they are, goroutines with their stacks; and every thread
// that blocks what a loop's thread does, real-time signals and SIGIO. What is still on its way to its end is
// given some seconds.
func (b *Baseline) Leaks() error {
	deadline := time.Now().Add(5 * time.Second)
	for pause := time.Millisecond; ; pause *= 2 {
		err := b.leaks()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(pause)
	}
}

func (b *Baseline) leaks() error {
	return errors.Join(b.leakedFiles(), maskedThreads(), goleak.Find(b.goroutines))
}

// openFiles returns the open descriptors and what they are.
func openFiles() (map[string]string, error) {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, entry := range entries {
		// The one that ReadDir used is gone by now.
		if target, err := os.Readlink("/proc/self/fd/" + entry.Name()); err == nil {
			files[entry.Name()] = target
		}
	}
	return files, nil
}

func (b *Baseline) leakedFiles() error {
	files, err := openFiles()
	if err != nil {
		return err
	}
	var leaks []error
	for fd, target := range files {
		if b.files[fd] != target {
			leaks = append(leaks, fmt.Errorf("descriptor %s is open: %s", fd, target))
		}
	}
	return errors.Join(leaks...)
}

func maskedThreads() error {
	threads, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil {
		return err
	}
	var masked []error
	for _, path := range threads {
		// The Go runtime has threads that block nearly all signals: one that
		// serves os/signal, and any while it starts another.
		if blocked, err := SignalSet(path, "SigBlk"); err == nil && blocked != 0 && blocked&^engineSignals == 0 {
			masked = append(masked, fmt.Errorf("a thread blocks signals %#x: %s", blocked, path))
		}
	}
	return errors.Join(masked...)
}

// engineSignals are those that a loop may block: SIGIO and 35 to 64.
const engineSignals = 1<<(syscall.SIGIO-1) | ^uint64(1<<34-1)

// SignalSet reads a set of signals from a status file of proc(5): SigBlk, SigPnd
// and others. Bit 0 is signal 1.
func SignalSet(path, name string) (uint64, error) {
	status, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(status) {
		if value, ok := strings.CutPrefix(string(line), name+":"); ok {
			value = strings.TrimSpace(value)
			value = value[max(0, len(value)-16):] // MIPS has 128 signals
			return strconv.ParseUint(value, 16, 64)
		}
	}
	return 0, fmt.Errorf("%s has no %s", path, name)
}
