package sys

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestFIFOAndPipe(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/fifo"
	must(t, MakeFIFO(path))
	if _, err := Open(path, os.O_WRONLY); !errors.Is(err, syscall.ENXIO) {
		t.Errorf("write end without a reader: %v", err)
	}
	fd, err := Open(path, os.O_RDONLY)
	r := own(t, fd, err)
	fd, err = Open(path, os.O_WRONLY)
	w := own(t, fd, err)
	if _, err := Write(w, []byte("hi")); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 8)
	if n, err := Read(r, buf); string(buf[:n]) != "hi" || err != nil {
		t.Errorf("%q, %v", buf[:n], err)
	}
	if _, err := Read(r, buf); err != syscall.EAGAIN {
		t.Errorf("empty: %v", err)
	}
	pr, pw, err := Pipe()
	own(t, pr, err)
	own(t, pw, err)
	size, err := PipeSize(pw)
	must(t, err)
	if n, err := Write(pw, make([]byte, size+1)); n != size || err != nil {
		t.Errorf("a pipe of %d took %d, %v", size, n, err)
	}
}

func TestPTYIsALineDisciplineAndThenRaw(t *testing.T) {
	t.Parallel()
	m, s, err := OpenPTY()
	master, slave := own(t, m, err), own(t, s, err)
	buf := make([]byte, 32)
	write := func(s string) {
		t.Helper()
		if _, err := Write(master, []byte(s)); err != nil {
			t.Fatal(err)
		}
	}
	write("half")
	if _, err := Read(slave, buf); err != syscall.EAGAIN {
		t.Errorf("half a line: %v", err)
	}
	write(" a line\n")
	await(t, slave, unix.POLLIN)
	if n, _ := Read(slave, buf); string(buf[:n]) != "half a line\n" {
		t.Errorf("%q", buf[:n])
	}
	must(t, SetRaw(slave))
	write("\x03")
	await(t, slave, unix.POLLIN)
	if n, _ := Read(slave, buf); string(buf[:n]) != "\x03" {
		t.Errorf("raw: %q", buf[:n])
	}
}
