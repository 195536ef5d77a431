//go:build linux

// Inotify prints what happens to the files in a directory, by signals.
//
//	inotify DIRECTORY
//
// Its lesson: whatever can signal is watched like a socket; only what is read from
// it differs. Here it is inotify(7), which has a queue of its own that can overflow.
package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/seed-067c1534/sigio"
	"golang.org/x/sys/unix"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: inotify DIRECTORY")
	}
	if err := run(os.Args[1]); err != nil {
		log.Fatal("inotify: ", err)
	}
}

func run(directory string) error {
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("inotify_init1", err)
	}
	defer unix.Close(fd)
	const what = unix.IN_CREATE | unix.IN_CLOSE_WRITE | unix.IN_MOVE | unix.IN_DELETE | unix.IN_ONLYDIR
	if _, err := unix.InotifyAddWatch(fd, directory, what); err != nil {
		return &os.PathError{Op: "inotify_add_watch", Path: directory, Err: err}
	}

	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		return err
	}
	defer loop.Close()
	failed := make(chan error, 1)
	w, err := loop.Watch(fd, &printer{failed: failed})
	if err != nil {
		return err
	}
	defer w.Close()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	log.Print("watching ", directory)
	select {
	case err = <-failed:
	case <-stop:
	}
	return err
}

// printer is the handler.
type printer struct {
	buffer [64 * (unix.SizeofInotifyEvent + unix.NAME_MAX + 1)]byte
	failed chan error
}

func (p *printer) Ready(w *sigio.Watch, _ sigio.Event) sigio.Result {
	for range 16 {
		n, err := unix.Read(w.FD(), p.buffer[:]) // whole events only
		switch {
		case errors.Is(err, unix.EAGAIN):
			return sigio.Drained
		case err != nil:
			w.Close()
			p.failed <- os.NewSyscallError("read", err)
			return sigio.Drained
		}
		print(p.buffer[:n])
	}
	return sigio.More
}

// print prints struct inotify_event after struct inotify_event: wd, mask, cookie,
// the length of the name, the name.
func print(events []byte) {
	for len(events) > 0 {
		mask := binary.NativeEndian.Uint32(events[4:])
		end := unix.SizeofInotifyEvent + binary.NativeEndian.Uint32(events[12:])
		name, _, _ := bytes.Cut(events[unix.SizeofInotifyEvent:end], []byte{0})
		fmt.Printf("%s %q\n", words(mask), name)
		events = events[end:]
	}
}

func words(mask uint32) string {
	var said []string
	for _, w := range []struct {
		bit  uint32
		word string
	}{
		{unix.IN_CREATE, "created"}, {unix.IN_CLOSE_WRITE, "written"}, {unix.IN_MOVED_FROM, "moved from"},
		{unix.IN_MOVED_TO, "moved to"}, {unix.IN_DELETE, "deleted"}, {unix.IN_IGNORED, "the directory is gone"},
		{unix.IN_Q_OVERFLOW, "too much at once: some events were lost"},
	} {
		if mask&w.bit != 0 {
			said = append(said, w.word)
		}
	}
	return strings.Join(said, ", ")
}
