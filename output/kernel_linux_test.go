package output_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/output"
)

// The reader of a pipe ends, as `sigio serve | head` does.
func TestPipeWhoseReaderCloses(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	o := open(t, w, output.Options{})
	var rec receipt
	put(t, o, &rec, "one")
	if got, err := bufio.NewReader(r).ReadString('\n'); err != nil || got != "one\n" {
		t.Fatalf("%q, %v", got, err)
	}
	r.Close()
	put(t, o, &rec, "two")
	select {
	case <-o.Done():
	case <-time.After(fatal):
		t.Fatal("Done is not closed")
	}
	if !errors.Is(o.Err(), syscall.EPIPE) {
		t.Fatalf("Err() = %v", o.Err())
	}
	if err := o.Close(t.Context()); !errors.Is(err, syscall.EPIPE) {
		t.Fatalf("Close() = %v", err)
	}
	rec.told(t, 1, 1, output.CauseClosed)
}

// The reader of a pipe sleeps. The message in the pipe's way is the one that is not known.
func TestPipeWhoseReaderSleeps(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	o := open(t, w, output.Options{})
	var rec receipt
	text := strings.Repeat("p", 9999)
	accepted := 0
	for o.Append(msg(text), &rec) {
		accepted++
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := o.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Close() = %v", err)
	}
	conserved(t, o, accepted)
	if st := o.Stats(); st.Pending != 0 || st.Lost == 0 {
		t.Fatalf("%+v", st)
	}
	r.Close() // ends the Write
}

// A full buffer opens again when the reader of the pipe goes on.
func TestPipeWhoseReaderIsSlow(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	o := open(t, w, output.Options{Limit: 100_000})
	var rec receipt
	got := make(chan []byte)
	full := make(chan struct{})
	go func() {
		<-full
		b, _ := io.ReadAll(r)
		got <- b
	}()
	const total = 5000
	text := strings.Repeat("s", 99)
	for n, closed := 0, false; n < total; {
		if o.Append(msg(text), &rec) {
			n++
			continue
		}
		if !closed {
			close(full)
			closed = true
		}
		room := make(chan struct{})
		o.Room(func() { close(room) })
		select {
		case <-room:
		case <-time.After(fatal):
			t.Fatalf("no room: %+v", o.Stats())
		}
	}
	if err := o.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if b := <-got; len(b) != 100*total {
		t.Fatalf("%d bytes came, want %d", len(b), 100*total)
	}
	rec.told(t, total, 0, "")
}

// rawFD writes without the runtime's poller, as to a standard output which another process has made
// non-blocking behind our back.
type rawFD int

func (fd rawFD) Write(p []byte) (int, error) {
	n, err := syscall.Write(int(fd), p)
	return max(n, 0), err
}

func TestNonBlockingPipe(t *testing.T) {
	t.Parallel()
	var p [2]int
	if err := syscall.Pipe2(p[:], syscall.O_NONBLOCK|syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(p[1])
	r := os.NewFile(uintptr(p[0]), "pipe")
	defer r.Close()
	o := open(t, rawFD(p[1]), output.Options{})
	var rec receipt
	var want bytes.Buffer
	for i := range 100 {
		text := strings.Repeat(string(rune('a'+i%26)), 3000)
		put(t, o, &rec, text)
		want.WriteString(text + "\n")
	}
	wait(t, o, func(s output.Stats) bool { return s.Retries > 0 })
	if st := o.Stats(); !errors.Is(st.LastError, syscall.EAGAIN) {
		t.Fatalf("%+v", st)
	}
	got := make([]byte, want.Len())
	if _, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Fatalf("%v, or other bytes than were sent", err)
	}
	if err := o.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	rec.told(t, 100, 0, "")
}

func TestDevFull(t *testing.T) {
	t.Parallel()
	f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("no /dev/full here: %v", err)
	}
	defer f.Close()
	o := open(t, f, output.Options{})
	var rec receipt
	put(t, o, &rec, "one", "two")
	wait(t, o, func(s output.Stats) bool { return s.Retries >= 3 })
	rec.told(t, 0, 0, "")
	if st := o.Stats(); !errors.Is(st.LastError, syscall.ENOSPC) || st.Pending != 2 || !st.Stalled {
		t.Fatalf("%+v", st)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := o.Close(ctx); err == nil {
		t.Fatal("Close returned nil")
	}
	rec.told(t, 0, 2, output.CauseShutdown)
}

// A real disk that is full and then is not.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("sigio-test", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("mounting a small tmpfs needs privilege: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 32<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()

	o := open(t, f, output.Options{})
	var rec receipt
	var want bytes.Buffer
	for i := range 90 { // 45 KB, where 32 KiB are free
		text := strings.Repeat(string(rune('A'+i%26)), 500)
		put(t, o, &rec, text)
		want.WriteString(text + "\n")
	}
	wait(t, o, func(s output.Stats) bool { return s.Retries >= 2 })
	if st := o.Stats(); !errors.Is(st.LastError, syscall.ENOSPC) || st.Written == 0 || st.Pending == 0 {
		t.Fatalf("%+v", st)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := o.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(f.Name())
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Fatalf("%v, or other bytes than were sent", err)
	}
	rec.told(t, 90, 0, "")
}

// wait waits until the Writer's state is as wanted.
func wait(t *testing.T, o *output.Writer, as func(output.Stats) bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(fatal); !as(o.Stats()); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("still %+v", o.Stats())
		}
	}
}
