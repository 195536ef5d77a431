package sigio_test

import (
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/internal/sys"
)

// Signals that are queued for a descriptor survive its close. Its number is given
// to another file before the loop takes them.
//
// With a Watch that Close left in the loop's table, and that the next one of the
// same number found there, the signals and the second file's data went to the
// first handler.
func TestHazard05NumberReused(t *testing.T) {
	t.Parallel()
	l := newLoop(t, sigio.Options{Verify: -1})
	var first, second sink
	var w *sigio.Watch
	var writer int
	var err error
	l.Do(func() { // the loop takes nothing meanwhile
		var number int
		if number, writer, err = sys.Pipe(); err != nil {
			return
		}
		if w, err = l.Watch(number, &first); err != nil {
			return
		}
		for range 5 {
			sys.Write(writer, []byte("for the first"))
		}
		w.Close()
		sys.Close(writer)
		var reader int
		if reader, writer, err = sys.Pipe(); err != nil {
			return
		}
		if err = sys.DupTo(reader, number); err != nil { // which closes the first
			return
		}
		sys.Close(reader)
		w, err = l.Watch(number, &second)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { w.Close(); sys.Close(w.FD()); sys.Close(writer) }()
	settle(t, l)
	send(t, writer, "second")
	second.await(t, 6)
	if n := first.calls.Load(); n != 0 {
		t.Errorf("%d calls for the file that was closed", n)
	}
	if ends := second.ends.Load() + second.errors.Load(); ends != 0 {
		t.Error("the first file's end was taken for the second's")
	}
}

// A child process holds a copy of a watched description when the descriptor is
// closed, as it does between fork and exec. The description lives on, and must not
// go on signalling for a number that is another file's by then.
//
// With a Disarm that did nothing a stale signal arrived.
func TestHazard06CopyInAChild(t *testing.T) {
	t.Parallel()
	l := newLoop(t, sigio.Options{Verify: -1})
	a, b, err := sys.Pair(sys.UnixStream)
	if err != nil {
		t.Fatal(err)
	}
	defer sys.Close(b)
	s := new(sink)
	w := watch(t, l, a, s)
	release := holdInChild(t, a)
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	sys.Close(a)
	settle(t, l)
	before := l.Stats()
	send(t, b, "to nobody")
	settle(t, l)
	after := l.Stats()
	if after.Received-after.Wakeups != before.Received-before.Wakeups || s.calls.Load() != 0 {
		t.Errorf("%d calls, %+v after %+v", s.calls.Load(), after, before)
	}
	release()
	if _, err := sys.Send(b, []byte("x")); err != syscall.EPIPE {
		t.Errorf("the child did not hold the description: %v", err)
	}
}

// holdInChild starts a process that has fd's description, until release is called.
func holdInChild(t *testing.T, fd int) (release func()) {
	t.Helper()
	cat, err := exec.LookPath("cat")
	if err != nil {
		t.Skip(err)
	}
	stdin, hold, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	// Not os/exec: it would make the description a blocking one, as os.File.Fd does.
	pid, err := syscall.ForkExec(cat, []string{cat}, &syscall.ProcAttr{
		Files: []uintptr{stdin.Fd(), 1, 2, uintptr(fd)},
	})
	stdin.Close()
	if err != nil {
		hold.Close()
		t.Fatal(err)
	}
	return func() {
		hold.Close()
		if _, err := syscall.Wait4(pid, nil, 0, nil); err != nil {
			t.Error(err)
		}
	}
}

// A watch that is closed while signals for it pour in is not called again, and its
// descriptor is not armed any more.
func TestCloseUnderTraffic(t *testing.T) {
	t.Parallel()
	l := newLoop(t, sigio.Options{})
	r, wr := pipe(t)
	s := new(sink)
	var stop atomic.Bool
	stopped := make(chan bool)
	go func() {
		for sent := int64(0); !stop.Load(); {
			if sent-s.bytes.Load() < 100 { // it leaves the quota of signals to other tests
				sys.Write(wr, []byte("x"))
				sent++
			} else {
				runtime.Gosched()
			}
		}
		close(stopped)
	}()
	for range 50 {
		before := s.calls.Load()
		w := watch(t, l, r, s)
		sigtest.Until(t, "a call", func() bool { return s.calls.Load() > before })
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		n := s.calls.Load()
		if flags, err := sys.Flags(r); err != nil || flags&sys.FlagAsync != 0 {
			t.Errorf("still armed: %#x, %v", flags, err)
		}
		settle(t, l)
		if late := s.calls.Load() - n; late != 0 {
			t.Errorf("%d calls after Close", late)
		}
	}
	stop.Store(true)
	await(t, stopped, "the writer")
}
