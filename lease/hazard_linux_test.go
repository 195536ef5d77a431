package lease_test

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/lease"
	"github.com/seed-067c1534/sigio/siginfo"
)

// messages counts the signals that say that a lease is being broken.
type messages struct {
	fd    atomic.Int64 // of the last one
	count atomic.Int64
}

func (m *messages) observe(r *siginfo.Record) {
	if r.Code() == siginfo.PollMsg {
		m.fd.Store(int64(r.FD()))
		m.count.Add(1)
	}
}

func (m *messages) expect(t *testing.T, count, fd int) {
	t.Helper()
	if n, last := m.count.Load(), m.fd.Load(); n != int64(count) || last != int64(fd) {
		t.Errorf("%d signals for breaks, the last for descriptor %d; want %d for %d", n, last, count, fd)
	}
}

// A reader waits for the holder of a write lease, and then reads what the holder
// wrote last.
func TestHazard20ReaderWaits(t *testing.T) {
	t.Parallel()
	var m messages
	loop := newLoop(t, sigio.Options{Observe: m.observe})
	f := newFile(t, os.O_RDWR)
	l := take(t, loop, f, lease.Write)
	reader := opener(t, f.Name(), os.O_RDONLY)
	b := wait(t, l, lease.Read)
	if d, err := sys.LeaseBreakTime(); err != nil || time.Until(b.Deadline) > d || time.Until(b.Deadline) < d-sigtest.Fatal {
		t.Errorf("the deadline is %v away, the break time %v, %v", time.Until(b.Deadline), d, err)
	}
	// A downgrade would do for the reader, but not on a file open for writing.
	if err := l.Downgrade(); !errors.Is(err, syscall.EAGAIN) {
		t.Error("downgrade:", err)
	}
	if _, err := f.WriteString("new"); err != nil {
		t.Fatal(err)
	}
	reader.waits()
	m.expect(t, 1, l.FD())
	moment := clock()
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if text := reader.throughAfter(moment); text != "new" {
		t.Errorf("the reader read %q", text)
	}
}

// On a file that is open for reading only, a reader is let in by a downgrade, and a
// writer after it by a release.
func TestHazard20Downgrade(t *testing.T) {
	t.Parallel()
	var m messages
	loop := newLoop(t, sigio.Options{Observe: m.observe})
	f := newFile(t, os.O_RDONLY)
	l := take(t, loop, f, lease.Write)
	reader := opener(t, f.Name(), os.O_RDONLY)
	wait(t, l, lease.Read)
	reader.waits()
	moment := clock()
	if err := l.Downgrade(); err != nil {
		t.Fatal(err)
	}
	reader.throughAfter(moment)
	if l.Kind() != lease.Read {
		t.Errorf("holds %v", l.Kind())
	}
	if err := l.Downgrade(); !errors.Is(err, os.ErrInvalid) {
		t.Error("a second downgrade:", err)
	}
	writer := opener(t, f.Name(), os.O_RDWR)
	wait(t, l, lease.None)
	writer.waits()
	m.expect(t, 2, l.FD())
	moment = clock()
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	writer.throughAfter(moment)
}

// A writer waits for the holder of a read lease; a reader does not.
func TestHazard20WriterWaits(t *testing.T) {
	t.Parallel()
	var m messages
	loop := newLoop(t, sigio.Options{Observe: m.observe})
	f := newFile(t, os.O_RDONLY)
	l := take(t, loop, f, lease.Read)
	opener(t, f.Name(), os.O_RDONLY).through()
	if n := m.count.Load(); n != 0 {
		t.Errorf("a reader made %d signals", n)
	}
	writer := opener(t, f.Name(), os.O_WRONLY)
	wait(t, l, lease.None)
	writer.waits()
	m.expect(t, 1, l.FD())
	moment := clock()
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	writer.throughAfter(moment)
}

// truncate(2) opens nothing, and waits as well.
func TestHazard20TruncateWaits(t *testing.T) {
	t.Parallel()
	loop := newLoop(t, sigio.Options{})
	f := newFile(t, os.O_RDONLY)
	l := take(t, loop, f, lease.Read)
	answer := f.Name() + ".answer"
	o := &other{t, answer, sigtest.Start(t, "truncate", f.Name(), answer)}
	wait(t, l, lease.None)
	o.waits()
	moment := clock()
	l.Release()
	o.throughAfter(moment)
}

// A reader wants a part of the lease, then a writer all of it: two breaks.
func TestHazard20ReaderThenWriter(t *testing.T) {
	t.Parallel()
	loop := newLoop(t, sigio.Options{})
	f := newFile(t, os.O_RDONLY)
	l := take(t, loop, f, lease.Write)
	reader := opener(t, f.Name(), os.O_RDONLY)
	wait(t, l, lease.Read)
	writer := opener(t, f.Name(), os.O_RDWR)
	wait(t, l, lease.None)
	if err := l.Downgrade(); !errors.Is(err, os.ErrInvalid) {
		t.Error("a downgrade that is not enough:", err)
	}
	reader.waits()
	writer.waits()
	moment := clock()
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	reader.throughAfter(moment)
	writer.throughAfter(moment)
}

// The end of a lease takes owner and signal away. With nothing but a second
// F_SETLEASE the next break came to nobody.
func TestHazard20TakenAgain(t *testing.T) {
	t.Parallel()
	var m messages
	loop := newLoop(t, sigio.Options{Observe: m.observe})
	f := newFile(t, os.O_RDWR)
	for i := range 3 {
		l := take(t, loop, f, lease.Write)
		reader := opener(t, f.Name(), os.O_RDONLY)
		wait(t, l, lease.Read)
		m.expect(t, i+1, l.FD())
		moment := clock()
		if err := l.Release(); err != nil {
			t.Fatal(err)
		}
		reader.throughAfter(moment)
		unowned(t, f)
	}
}

// unowned checks that a description sends nobody anything.
func unowned(t *testing.T, f *os.File) {
	t.Helper()
	conn, err := f.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	conn.Control(func(fd uintptr) {
		owner, _ := sys.OwnerThread(int(fd))
		signo, _ := sys.Signal(int(fd))
		flags, err := sys.Flags(int(fd))
		if owner != 0 || signo != 0 || flags&sys.FlagAsync != 0 || err != nil {
			t.Errorf("owner %d, signal %d, flags %#x, %v", owner, signo, flags, err)
		}
	})
}

// With no room for a single signal, only a look at the leases tells of a break.
func TestHazard20QueueLimitZero(t *testing.T) {
	t.Parallel()
	if !sigtest.Alone(t, sigtest.SignalLimit(0)) {
		return
	}
	var m messages
	loop := newLoop(t, sigio.Options{Observe: m.observe, Verify: -1})
	f := newFile(t, os.O_RDWR)
	for range 3 {
		l := take(t, loop, f, lease.Write)
		reader := opener(t, f.Name(), os.O_RDONLY)
		wait(t, l, lease.Read)
		moment := clock()
		if err := l.Release(); err != nil {
			t.Fatal(err)
		}
		reader.throughAfter(moment)
	}
	if s := loop.Stats(); s.Overflows < 3 || s.Sweeps < 3 || m.count.Load() != 0 {
		t.Errorf("stats %+v, %d signals", s, m.count.Load())
	}
}

// The back end of other systems knows no descriptor, and looks.
func TestHazard20PlainSIGIO(t *testing.T) {
	t.Parallel()
	if !sigtest.Alone(t) { // SIGIO goes to the whole process
		return
	}
	loop := newLoop(t, sigio.Options{Portable: true, Verify: -1})
	f := newFile(t, os.O_RDWR)
	l := take(t, loop, f, lease.Write)
	reader := opener(t, f.Name(), os.O_RDONLY)
	wait(t, l, lease.Read)
	l.Release()
	reader.through()
}

// The break is heard although the thread that was to hear of it has died, or
// somebody took the description's owner away.
func TestHazard20Silenced(t *testing.T) {
	t.Parallel()
	for name, silence := range map[string]func(*sigio.Loop, *lease.Lease){
		"thread": func(loop *sigio.Loop, _ *lease.Lease) { loop.Post(runtime.Goexit) },
		"owner":  func(_ *sigio.Loop, l *lease.Lease) { sys.SetOwnerThread(l.FD(), 0) },
		"signal": func(_ *sigio.Loop, l *lease.Lease) { sys.SetSignal(l.FD(), 0) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := sigio.Options{Verify: 20 * time.Millisecond}
			if name == "thread" {
				options.Verify = -1
			}
			loop := newLoop(t, options)
			f := newFile(t, os.O_RDWR)
			l := take(t, loop, f, lease.Write)
			silence(loop, l)
			if name == "thread" {
				sigtest.Until(t, "another thread", func() bool { return loop.Stats().Restarts == 1 })
			}
			reader := opener(t, f.Name(), os.O_RDONLY)
			wait(t, l, lease.Read)
			l.Release()
			reader.through()
		})
	}
}

// A holder that is too slow learns that it has lost the lease; the file can be
// leased again, and the next break is heard.
//
// This test changes how long the kernel waits, for the whole machine, for a moment.
func TestHazard20SlowHolder(t *testing.T) {
	const setting = "/proc/sys/fs/lease-break-time"
	before, err := os.ReadFile(setting)
	if err != nil {
		t.Skip("not Linux as we know it: ", err)
	}
	if err := os.WriteFile(setting, []byte("1"), 0); err != nil {
		t.Skip("only root may make the kernel less patient, and the test does not wait for long: ", err)
	}
	t.Cleanup(func() {
		if err := os.WriteFile(setting, before, 0); err != nil {
			t.Errorf("%s is left at 1 instead of %s: %v", setting, strings.TrimSpace(string(before)), err)
		}
	})
	for _, c := range []struct {
		name        string
		flags, wish int
		kind, wants lease.Kind
	}{
		{"writer", os.O_RDONLY, os.O_RDWR, lease.Read, lease.None},
		{"reader", os.O_RDWR, os.O_RDONLY, lease.Write, lease.Read}, // forced down, not out
	} {
		t.Run(c.name, func(t *testing.T) {
			var m messages
			loop := newLoop(t, sigio.Options{Observe: m.observe, Verify: -1})
			f := newFile(t, c.flags)
			l := take(t, loop, f, c.kind)
			o := opener(t, f.Name(), c.wish)
			began := clock()
			b := wait(t, l, c.wants)
			if _, err := l.Wait(fatal(t)); !errors.Is(err, lease.ErrLost) {
				t.Error("wait:", err)
			}
			if time.Now().Before(b.Deadline) {
				t.Error("lost before the deadline")
			}
			o.throughAfter(began)
			for range 2 {
				if err := l.Release(); !errors.Is(err, lease.ErrLost) {
					t.Error("release:", err)
				}
			}
			if err := l.Downgrade(); !errors.Is(err, lease.ErrLost) || l.Kind() != lease.None {
				t.Error("downgrade:", err, l.Kind())
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			m.expect(t, 1, l.FD())
			unowned(t, f)

			again := take(t, loop, f, c.kind)
			o = opener(t, f.Name(), c.wish)
			wait(t, again, c.wants)
			m.expect(t, 2, again.FD())
			moment := clock()
			if err := again.Release(); err != nil {
				t.Error(err)
			}
			o.throughAfter(moment)
		})
	}
}
