package sigio_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sys"
)

// What was there before the descriptor was armed sends no signal.
//
// Without the look at the end of Watch.open the handler was never called.
func TestHazard01DataBeforeWatch(t *testing.T) {
	t.Parallel()
	l := newLoop(t, sigio.Options{Verify: -1})
	a, b := pair(t)
	send(t, b, "early")
	s := new(sink)
	watch(t, l, a, s)
	s.await(t, 5)
}

// Data arrives at every possible moment of the arming, 20,000 times.
//
// With the look before the arming, instead of after it, events were lost within the
// first rounds.
func TestHazard02RaceWithArming(t *testing.T) {
	t.Parallel()
	rounds := 200
	if testing.Short() {
		rounds = 20
	}
	l := newLoop(t, sigio.Options{Verify: -1})
	for range rounds {
		watchWhileWriting(t, l)
	}
}

// watchWhileWriting watches a hundred pipes, one after the other, each of which is
// written to a random moment after its arming began.
func watchWhileWriting(t *testing.T, l *sigio.Loop) {
	const n = 100
	var readers, writers [n]int
	var watches [n]*sigio.Watch
	var err error
	for i := range n {
		if readers[i], writers[i], err = sys.Pipe(); err != nil {
			t.Fatal(err)
		}
	}
	var turn atomic.Int64
	wrote := make(chan bool)
	go func() {
		for i, fd := range writers {
			for turn.Load() < int64(i) {
				runtime.Gosched()
			}
			for end := rand.IntN(3000); end > 0; end-- { // up to some 5 us
				turn.Load()
			}
			sys.Write(fd, []byte("x"))
		}
		close(wrote)
	}()
	s := new(sink)
	l.Do(func() {
		for i, fd := range readers {
			turn.Store(int64(i))
			if watches[i], err = l.Watch(fd, s); err != nil {
				t.Error(err)
				return
			}
		}
	})
	await(t, wrote, "the writer")
	s.await(t, n)
	l.Do(func() {
		for i, w := range watches {
			w.Close()
			sys.Close(readers[i])
			sys.Close(writers[i])
		}
	})
}

// Files that can never signal are refused, not watched in silence.
//
// Armed with F_SETFL instead of FIOASYNC, all but those opened with O_ASYNC were
// accepted; without clearAsync, the FIFO opened with O_ASYNC was.
func TestHazard14FilesThatCannotSignal(t *testing.T) {
	t.Parallel()
	l := newLoop(t, sigio.Options{})
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := sys.MakeFIFO(fifo); err != nil {
		t.Fatal(err)
	}
	open := func(path string, flags int) func() (int, error) {
		return func() (int, error) { return unix.Open(path, flags|unix.O_CLOEXEC, 0o600) }
	}
	for name, open := range map[string]func() (int, error){
		"eventfd":                          func() (int, error) { return unix.Eventfd(0, unix.EFD_CLOEXEC) },
		"timerfd":                          func() (int, error) { return unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC) },
		"epoll":                            func() (int, error) { return unix.EpollCreate1(unix.EPOLL_CLOEXEC) },
		"memfd":                            func() (int, error) { return unix.MemfdCreate("x", unix.MFD_CLOEXEC) },
		"signalfd":                         func() (int, error) { return sys.NewSignalfd(sys.NewMask(40)) },
		"regular file":                     open(filepath.Join(t.TempDir(), "file"), unix.O_RDWR|unix.O_CREAT),
		"directory":                        open(t.TempDir(), unix.O_RDONLY),
		"/dev/null":                        open(os.DevNull, unix.O_RDWR),
		"FIFO opened with O_ASYNC":         open(fifo, unix.O_RDWR|unix.O_NONBLOCK|unix.O_ASYNC),
		"regular file opened with O_ASYNC": open(filepath.Join(t.TempDir(), "file"), unix.O_RDWR|unix.O_CREAT|unix.O_ASYNC),
	} {
		fd, err := open()
		if err == nil {
			err = unix.SetNonblock(fd, true)
		}
		if err != nil {
			t.Fatal(name, err)
		}
		if _, err := l.Watch(fd, new(sink)); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
		sys.Close(fd)
	}
	if n := l.Stats().Watches; n != 0 {
		t.Errorf("%d watches", n)
	}
}

// A number that is no descriptor, or cannot do I/O, or would block, has an error
// that says so.
func TestDescriptorsThatAreRefused(t *testing.T) {
	t.Parallel()
	l := newLoop(t, sigio.Options{})
	path, err := unix.Open(t.TempDir(), unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer sys.Close(path)
	blocking, _ := pair(t)
	if err := unix.SetNonblock(blocking, false); err != nil {
		t.Fatal(err)
	}
	for fd, want := range map[int]error{path: os.ErrInvalid, 1 << 30: syscall.EBADF, blocking: os.ErrInvalid} {
		if _, err := l.Watch(fd, nil); !errors.Is(err, want) {
			t.Errorf("descriptor %d: %v, want %v", fd, err, want)
		}
	}
}

// A number armed earlier under another descriptor of the same description would
// be the one that the signals name: without clearAsync the data was never read.
func TestDescriptionArmedUnderAnotherNumber(t *testing.T) {
	t.Parallel()
	l := newLoop(t, sigio.Options{Verify: -1})
	a, b := pair(t)
	other, err := sys.Dup(a)
	if err != nil {
		t.Fatal(err)
	}
	defer sys.Close(other)
	if err := sys.SetAsync(other, true); err != nil {
		t.Fatal(err)
	}
	s := new(sink)
	watch(t, l, a, s)
	send(t, b, "x")
	s.await(t, 1)
}
