package sigio_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// Notes of F_NOTIFY (linux/include/uapi/linux/fcntl.h).
const (
	dnCreate    = 0x4
	dnMultishot = -0x80000000 // as an int32, so that it fits on 32-bit machines
)

// What the kernel tells the owner of a directory comes as POLL_MSG, and after the
// Watch nobody owns it.
func TestWatchOwned(t *testing.T) {
	t.Parallel()
	l := newLoop(t, sigio.Options{Verify: -1})
	dir := t.TempDir()
	fd, err := sys.Open(dir, os.O_RDONLY)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sys.Close(fd) })
	events := make(chan sigio.Event, 10)
	w, err := l.WatchOwned(fd, sigio.HandlerFunc(func(_ *sigio.Watch, ev sigio.Event) sigio.Result {
		events <- ev
		return sigio.Drained
	}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.WatchOwned(fd, sigio.HandlerFunc(nil)); err == nil {
		t.Error("watched twice")
	}
	if ev := await(t, events, "the first look"); ev.Signals != 0 {
		t.Errorf("event %+v", ev)
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_NOTIFY, dnCreate); err != nil {
		t.Skip("this kernel has no F_NOTIFY: ", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if ev := await(t, events, "a note"); ev.Signals != 1 || ev.Band != siginfo.BandOf(siginfo.PollMsg) {
		t.Errorf("event %+v", ev)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	owner, _ := sys.OwnerThread(fd)
	signo, err := sys.Signal(fd)
	if owner != 0 || signo != 0 || err != nil {
		t.Errorf("owner %d, signal %d, %v", owner, signo, err)
	}
	if _, err := l.WatchOwned(1<<20, sigio.HandlerFunc(nil)); !errors.Is(err, unix.EBADF) {
		t.Error(err)
	}
}

// Devices that a machine may lack, or may not let us open.
func TestCanSignalDevices(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func() (int, error){
		"tun": func() (int, error) {
			fd, err := sys.Open("/dev/net/tun", os.O_RDWR)
			if err != nil {
				return -1, err
			}
			request, err := unix.NewIfreq("sigiotest%d")
			if err == nil {
				request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
				err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
			}
			if err != nil {
				sys.Close(fd)
			}
			return fd, err
		},
		"perf": func() (int, error) {
			attr := unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_TASK_CLOCK, Sample: 1e9, Bits: unix.PerfBitDisabled}
			return unix.PerfEventOpen(&attr, 0, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
		},
	} {
		t.Run(name, func(t *testing.T) {
			fd, err := open()
			if err != nil {
				t.Skip("this kernel does not allow it: ", err)
			}
			defer sys.Close(fd)
			if err := sigio.CanSignal(fd); err != nil {
				t.Error(err)
			}
			if owner, err := unix.FcntlInt(uintptr(fd), unix.F_GETOWN, 0); owner != 0 || err != nil {
				t.Errorf("owner %d, %v", owner, err)
			}
		})
	}
}

// A directory's notes (F_NOTIFY) come to its owner. They say only that something has
// changed; inotify(7) says what.
func ExampleLoop_WatchOwned() {
	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer loop.Close()
	dir, err := os.MkdirTemp("", "sigio-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		log.Fatal(err)
	}
	defer unix.Close(fd)

	changed := make(chan bool, 1)
	w, err := loop.WatchOwned(fd, sigio.HandlerFunc(func(_ *sigio.Watch, ev sigio.Event) sigio.Result {
		if files, _ := os.ReadDir(dir); len(files) > 0 { // the event is only a hint
			select {
			case changed <- true:
			default:
			}
		}
		return sigio.Drained
	}))
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_NOTIFY, dnCreate|dnMultishot); err != nil {
		log.Fatal(err)
	}
	os.WriteFile(filepath.Join(dir, "new"), nil, 0o600)
	fmt.Println("changed:", <-changed)
	// Output: changed: true
}

// Sockets can signal, files cannot.
func ExampleCanSignal() {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		log.Fatal(err)
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	fmt.Println("socket:", sigio.CanSignal(pair[0]))

	file, err := unix.Open("/proc/self/exe", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		log.Fatal(err)
	}
	defer unix.Close(file)
	fmt.Println("file:", errors.Is(sigio.CanSignal(file), errors.ErrUnsupported))
	// Output:
	// socket: <nil>
	// file: true
}
