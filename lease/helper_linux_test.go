package lease_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/lease"
)

func TestMain(m *testing.M) {
	sigtest.Main(m, map[string]sigtest.Helper{"open": open, "truncate": truncate, "hold": hold})
}

// clock is the time in ns on a clock that all processes share.
func clock() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		panic(err)
	}
	return t.Nano()
}

// open is the other process: it opens args[0] with the flags args[1], reads it, and
// leaves in the file args[2] when the open returned and what it read.
func open(args []string, ready func()) error {
	flags, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	ready()
	f, err := os.OpenFile(args[0], flags, 0)
	opened := clock()
	if err != nil {
		return err
	}
	defer f.Close()
	var text []byte
	if flags&os.O_WRONLY == 0 {
		if text, err = io.ReadAll(f); err != nil {
			return err
		}
	}
	return answer(args[2], opened, text)
}

func truncate(args []string, ready func()) error {
	ready()
	if err := os.Truncate(args[0], 0); err != nil {
		return err
	}
	return answer(args[1], clock(), nil)
}

func answer(path string, when int64, text []byte) error {
	if err := os.WriteFile(path+"~", fmt.Appendf(nil, "%d %s", when, text), 0o600); err != nil {
		return err
	}
	return os.Rename(path+"~", path)
}

// hold holds a lease until it is told to end, and then ends without giving it back.
func hold(args []string, ready func()) error {
	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		return err
	}
	f, err := os.Open(args[0])
	if err != nil {
		return err
	}
	if _, err := lease.Take(loop, f, lease.Read); err != nil {
		return err
	}
	ready()
	sigtest.WaitForEnd()
	return nil
}

// other is another process that wants a file.
type other struct {
	t      *testing.T
	answer string
	stop   func()
}

// opener starts a process that opens path.
func opener(t *testing.T, path string, flags int) *other {
	t.Helper()
	answer := filepath.Join(t.TempDir(), "answer")
	return &other{t, answer, sigtest.Start(t, "open", path, strconv.Itoa(flags), answer)}
}

// waits fails if the process has got through already.
func (o *other) waits() {
	o.t.Helper()
	if _, err := os.Stat(o.answer); err == nil {
		o.t.Error("the other process did not wait")
	}
}

// through waits until the process has got through, which is far less than the
// kernel would make it wait, and returns when that was and what it read.
func (o *other) through() (when int64, text string) {
	o.t.Helper()
	sigtest.Until(o.t, "the other process", func() bool { _, err := os.Stat(o.answer); return err == nil })
	o.stop()
	got, err := os.ReadFile(o.answer)
	if err != nil {
		o.t.Fatal(err)
	}
	stamp, text, _ := strings.Cut(string(got), " ")
	if when, err = strconv.ParseInt(stamp, 10, 64); err != nil {
		o.t.Fatal(err)
	}
	return when, text
}

// throughAfter fails if it was before a moment.
func (o *other) throughAfter(moment int64) (text string) {
	o.t.Helper()
	when, text := o.through()
	if when < moment {
		o.t.Errorf("it got through %v too early", time.Duration(moment-when))
	}
	return text
}

func newLoop(t *testing.T, o sigio.Options) *sigio.Loop {
	t.Helper()
	loop, err := sigio.NewLoop(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := loop.Close(); err != nil {
			t.Error(err)
		}
	})
	return loop
}

// briefly calls f, which opens a file and closes it, while no process is started: one would
// have the file open, too, until its exec, and the next write lease would be refused.
func briefly(f func()) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	f()
}

// newFile makes a file with a text and opens it.
func newFile(t *testing.T, flags int) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	var err error
	briefly(func() { err = os.WriteFile(path, []byte("old"), 0o644) })
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, flags, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func take(t *testing.T, loop *sigio.Loop, f *os.File, kind lease.Kind) *lease.Lease {
	t.Helper()
	l, err := lease.Take(loop, f, kind)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// wait waits for a break.
func wait(t *testing.T, l *lease.Lease, wants lease.Kind) lease.Break {
	t.Helper()
	b, err := l.Wait(fatal(t))
	if err != nil || b.Wants != wants {
		t.Fatalf("got %+v, %v; want a break that wants %v", b, err, wants)
	}
	return b
}

func fatal(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), sigtest.Fatal)
	t.Cleanup(cancel)
	return ctx
}
