package lease_test

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/lease"
)

func TestTakeIsRefused(t *testing.T) {
	t.Parallel()
	loop := newLoop(t, sigio.Options{})
	ended := newLoop(t, sigio.Options{})
	ended.Close()
	refused := func(name string, loop *sigio.Loop, f *os.File, kind lease.Kind, want ...error) {
		t.Helper()
		l, err := lease.Take(loop, f, kind)
		if err == nil {
			l.Close()
		}
		for _, w := range want {
			if !errors.Is(err, w) {
				t.Errorf("%s: %v, want %v", name, err, w)
			}
		}
		t.Log(err)
	}
	opened := func(path string, flags int) *os.File {
		t.Helper()
		f, err := os.OpenFile(path, flags, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	readable, writable := newFile(t, os.O_RDONLY), newFile(t, os.O_RDWR)
	refused("kind", loop, readable, lease.None, os.ErrInvalid)
	refused("read lease on a writable file", loop, writable, lease.Read, syscall.EAGAIN)
	opened(writable.Name(), os.O_RDONLY)
	refused("open elsewhere", loop, writable, lease.Write, syscall.EAGAIN)
	refused("written elsewhere", loop, opened(writable.Name(), os.O_RDONLY), lease.Read, syscall.EAGAIN)
	refused("directory", loop, opened(t.TempDir(), os.O_RDONLY), lease.Read, errors.ErrUnsupported, syscall.EINVAL)
	refused("device", loop, opened("/dev/null", os.O_RDWR), lease.Write, errors.ErrUnsupported, syscall.EINVAL)
	refused("path only", loop, opened(readable.Name(), unix.O_PATH), lease.Read, errors.ErrUnsupported, syscall.EBADF)
	refused("async", loop, opened(readable.Name(), unix.O_ASYNC), lease.Read, syscall.EBUSY)
	refused("ended loop", ended, readable, lease.Read, net.ErrClosed)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	refused("pipe", loop, r, lease.Read, errors.ErrUnsupported, syscall.EINVAL)
	r.Close()
	refused("closed", loop, r, lease.Read, os.ErrClosed)

	take(t, loop, readable, lease.Read)
	refused("a second one", loop, readable, lease.Read, syscall.EBUSY)
}

// Whoever may read a file may still not keep others from writing to it.
func TestTakeOnFilesOfOthers(t *testing.T) {
	t.Parallel()
	if !sigtest.Alone(t) {
		return
	}
	if os.Getuid() == 0 {
		if err := syscall.Setresuid(1001, 1001, 0); err != nil {
			t.Fatal(err)
		}
		defer syscall.Setresuid(0, 0, 0)
	}
	loop := newLoop(t, sigio.Options{})
	f, err := os.Open("/etc/passwd")
	if err != nil {
		t.Skip("not installed: ", err)
	}
	defer f.Close()
	_, err = lease.Take(loop, f, lease.Read)
	if !errors.Is(err, os.ErrPermission) || !errors.Is(err, syscall.EACCES) {
		t.Error(err)
	}
}

// The own process breaks a lease as others do, also when it would not wait.
func TestOwnProcessBreaks(t *testing.T) {
	t.Parallel()
	loop := newLoop(t, sigio.Options{})
	f := newFile(t, os.O_RDWR)
	l := take(t, loop, f, lease.Write)
	if _, err := unix.Open(f.Name(), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0); err != unix.EWOULDBLOCK {
		t.Fatal(err)
	}
	wait(t, l, lease.Read)
}

// The lease is the Lease's, not the file's: it outlives the file, and ends with the
// process at the latest.
func TestWhoseTheLeaseIs(t *testing.T) {
	t.Parallel()
	loop := newLoop(t, sigio.Options{})
	f := newFile(t, os.O_RDWR)
	l := take(t, loop, f, lease.Write)
	f.Close()
	reader := opener(t, f.Name(), os.O_RDONLY)
	wait(t, l, lease.Read)
	reader.waits()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	reader.through()

	end := sigtest.Start(t, "hold", f.Name())
	writer := opener(t, f.Name(), os.O_WRONLY)
	writer.waits()
	end()
	writer.through()
}

func TestEndOfALease(t *testing.T) {
	t.Parallel()
	loop := newLoop(t, sigio.Options{})
	f := newFile(t, os.O_RDONLY)
	l := take(t, loop, f, lease.Read)
	if l.Kind() != lease.Read {
		t.Errorf("holds %v", l.Kind())
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Wait(canceled); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	waiting := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := l.Wait(context.Background())
			waiting <- err
		}()
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
	for range 2 {
		select {
		case err := <-waiting:
			if !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
		case <-fatal(t).Done():
			t.Fatal("a release ends no wait")
		}
	}
	if err := l.Release(); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if err := l.Downgrade(); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	for range 2 {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	// The loop counts what Close has had it do when its turn is over.
	sigtest.Until(t, "no descriptor to be watched", func() bool { return loop.Stats().Watches == 0 })
}

// After the end of the loop nobody hears of breaks, and Wait says so; giving the
// lease back works all the same.
func TestLoopEndsBeforeTheLease(t *testing.T) {
	t.Parallel()
	loop := newLoop(t, sigio.Options{})
	f := newFile(t, os.O_RDWR)
	l := take(t, loop, f, lease.Write)
	loop.Close()
	reader := opener(t, f.Name(), os.O_RDONLY)
	if _, err := l.Wait(fatal(t)); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
	reader.through()
}

// A handler may take a lease and give it back: it is on the loop's thread.
func TestOnTheLoop(t *testing.T) {
	t.Parallel()
	loop := newLoop(t, sigio.Options{})
	f := newFile(t, os.O_RDWR)
	loop.Do(func() {
		l, err := lease.Take(loop, f, lease.Write)
		if err != nil {
			t.Error(err)
			return
		}
		if err := l.Release(); err != nil {
			t.Error(err)
		}
	})
}

// Leases are taken, broken and given back by several goroutines at once.
func TestReleaseRacesWithABreak(t *testing.T) {
	t.Parallel()
	loop := newLoop(t, sigio.Options{})
	f := newFile(t, os.O_RDWR)
	for range 200 {
		l := take(t, loop, f, lease.Write)
		breaker := make(chan struct{})
		go func() {
			defer close(breaker)
			briefly(func() {
				if g, err := os.Open(f.Name()); err == nil { // waits, if it comes first
					g.Close()
				}
			})
		}()
		go l.Release()
		l.Wait(fatal(t))
		l.Close()
		<-breaker
	}
}

func TestKind(t *testing.T) {
	t.Parallel()
	for kind, want := range map[lease.Kind]string{lease.None: "none", lease.Read: "read", lease.Write: "write", 7: "Kind(7)"} {
		if kind.String() != want {
			t.Errorf("%d is %q", int(kind), kind.String())
		}
	}
}
