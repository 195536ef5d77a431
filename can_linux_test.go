package sigio_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sys"
)

func TestCanSignal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must := func(fd int, err error) int {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { sys.Close(fd) })
		return fd
	}
	a, _ := pair(t)
	r, w, err := sys.Pipe()
	must(r, err)
	must(w, err)
	master, slave, err := sys.OpenPTY()
	if err != nil {
		t.Skip("no terminals here: ", err)
	}
	must(master, nil)
	must(slave, nil)
	path := filepath.Join(dir, "file")
	must(unix.Open(path, unix.O_CREAT|unix.O_WRONLY|unix.O_CLOEXEC, 0o600))
	fifo := filepath.Join(dir, "fifo")
	if err := sys.MakeFIFO(fifo); err != nil {
		t.Fatal(err)
	}
	armed, _ := pair(t)
	watch(t, newLoop(t, sigio.Options{}), armed, new(sink))
	regular := must(unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0))
	counter := must(sys.Eventfd())

	for _, c := range []struct {
		name string
		fd   int
		want error
	}{
		{"socket", a, nil},
		{"pipe, read end", r, nil},
		{"pipe, write end", w, nil},
		{"terminal", slave, nil},
		{"terminal, other side", master, nil},
		{"FIFO", must(sys.Open(fifo, os.O_RDWR)), nil},
		{"inotify", must(unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)), nil},
		{"regular file", regular, errors.ErrUnsupported},
		{"directory", must(sys.Open(dir, os.O_RDONLY)), errors.ErrUnsupported},
		{"eventfd", counter, errors.ErrUnsupported},
		{"path only", must(unix.Open(dir, unix.O_PATH|unix.O_CLOEXEC, 0)), errors.ErrUnsupported},
		{"watched", armed, syscall.EBUSY},
		{"opened with O_ASYNC", must(unix.Open(fifo, unix.O_RDWR|unix.O_ASYNC|unix.O_CLOEXEC, 0)), syscall.EBUSY},
		{"no descriptor", 1 << 20, syscall.EBADF},
		{"no number of one", -1, syscall.EBADF},
	} {
		flags, _ := sys.Flags(c.fd)
		owner, _ := sys.OwnerThread(c.fd)
		err := sigio.CanSignal(c.fd)
		if c.want == nil && err != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if now, _ := sys.Flags(c.fd); now != flags {
			t.Errorf("%s: the flags were %#x and are %#x", c.name, flags, now)
		}
		if now, _ := sys.OwnerThread(c.fd); now != owner {
			t.Errorf("%s: the owner was %d and is %d", c.name, owner, now)
		}
	}
}

// What somebody has set stays set, of whatever kind the owner is.
func TestCanSignalRestores(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	for _, owner := range []int{0, os.Getpid(), -syscall.Getpgrp()} { // F_SETOWN: negative for a group
		if _, err := unix.FcntlInt(uintptr(a), unix.F_SETOWN, owner); err != nil {
			t.Fatal(err)
		}
		if err := sys.SetSignal(a, 41); err != nil {
			t.Fatal(err)
		}
		send(t, b, "x") // which signals nobody, then or later
		if err := sigio.CanSignal(a); err != nil {
			t.Error(err)
		}
		now, err := unix.FcntlInt(uintptr(a), unix.F_GETOWN, 0)
		if group, ok := err.(syscall.Errno); ok {
			now, err = -int(group), nil // a group below 4096 looks like an error: fcntl(2), BUGS
		}
		signo, _ := sys.Signal(a)
		if now != owner || signo != 41 || err != nil {
			t.Errorf("owner %d is now %d, signal 41 is %d, %v", owner, now, signo, err)
		}
	}
}
