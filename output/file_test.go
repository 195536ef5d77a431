package output_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/output"
)

func openFile(t *testing.T, path string, opts output.FileOptions) *output.File {
	t.Helper()
	f, err := output.OpenFile(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func write(t *testing.T, f *output.File, text string) {
	t.Helper()
	if n, err := f.Write([]byte(text)); n != len(text) || err != nil {
		t.Fatalf("wrote %d of %d bytes: %v", n, len(text), err)
	}
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(path, ".gz") {
		r, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if b, err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return string(b)
}

// files returns what is in a folder, in the order of names.
func files(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func waitUntil(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(fatal); !done(); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited %v for %s", fatal, what)
		}
	}
}

func TestFileAppends(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	for _, sync := range []time.Duration{output.SyncNever, output.SyncAlways, time.Millisecond} {
		f := openFile(t, path, output.FileOptions{Sync: sync})
		write(t, f, "one\ntwo\n")
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := content(t, path); got != strings.Repeat("one\ntwo\n", 3) {
		t.Fatalf("%q", got)
	}
	if info, _ := os.Stat(path); runtime.GOOS != "windows" && info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, want 0640", info.Mode())
	}
	f := openFile(t, path, output.FileOptions{})
	f.Close()
	if err := f.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	if _, err := f.Write([]byte("x\n")); err == nil {
		t.Error("written after Close")
	}
	if f.Reopen() == nil {
		t.Error("opened after Close")
	}
}

// A part of a line that a crash has left does not become the beginning of the next.
func TestFileEndsTornLine(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte("one\ntw"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := openFile(t, path, output.FileOptions{})
	write(t, f, "three\n")
	if got := content(t, path); got != "one\ntw\nthree\n" {
		t.Fatalf("%q", got)
	}
}

func TestFileRefusals(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	link := filepath.Join(folder, "link")
	if err := os.Symlink("elsewhere", link); err != nil {
		t.Skip("no symbolic links on this system, not a test of it")
	}
	for path, want := range map[string]string{
		folder:                            "is a directory: want a file in it",
		link:                              "is a symbolic link to elsewhere",
		filepath.Join(folder, "no", "x"):  "no such file or directory",
		filepath.Join(folder, "x\x00yes"): "invalid argument",
		os.DevNull:                        "is no regular file",
	} {
		f, err := output.OpenFile(path, output.FileOptions{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "sigio: output: ") {
			t.Errorf("%q: %v, want %q", path, err, want)
		}
		if err == nil {
			f.Close()
		}
	}
	if got := files(t, folder); len(got) != 1 {
		t.Errorf("left in the folder: %q", got)
	}
}

// Under load from a Writer every line is in exactly one of the files, in order, and no file exceeds
// its size.
func TestFileRotatesUnderLoad(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	const size, messages = 20_000, 50_000
	f := openFile(t, filepath.Join(folder, "log"), output.FileOptions{RotateSize: size, Compress: true})
	o := open(t, f, output.Options{Persist: true, Limit: 100_000, Chunk: 7000})
	var r receipt
	for i := range messages {
		m := msg(fmt.Sprintf("%06d %s", i, strings.Repeat("x", i%40)))
		for !o.Append(m, &r) {
			room := make(chan struct{})
			o.Room(func() { close(room) })
			<-room
		}
	}
	if err := o.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.told(t, messages, 0, "")
	waitUntil(t, "compression", func() bool { s := f.Stats(); return s.Compressed == s.Rotations })
	st := f.Stats()
	f.Close()
	if st.Rotations < 50 || st.Failures > 0 {
		t.Fatalf("%+v", st)
	}
	names := files(t, folder) // "log" is the first of them, and the newest
	if uint64(len(names)) != st.Rotations+1 {
		t.Fatalf("%d files, %+v", len(names), st)
	}
	next := 0
	for _, name := range append(names[1:], names[0]) {
		text := content(t, filepath.Join(folder, name))
		if len(text) > size {
			t.Errorf("%s has %d bytes", name, len(text))
		}
		for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); next++ {
			if want := fmt.Sprintf("%06d %s", next, strings.Repeat("x", next%40)); lines.Text() != want {
				t.Fatalf("%s: line %q, want %q", name, lines.Text(), want)
			}
		}
	}
	if next != messages {
		t.Fatalf("%d lines, want %d", next, messages)
	}
}

func TestFileLongLine(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	f := openFile(t, filepath.Join(folder, "log"), output.FileOptions{RotateSize: 10})
	write(t, f, "a\nb\n0123456789abcdef\nc\nd\n")
	names := files(t, folder)
	var got []string
	for _, name := range append(names[1:], names[0]) {
		got = append(got, content(t, filepath.Join(folder, name)))
	}
	if want := []string{"a\nb\n", "0123456789abcdef\n", "c\nd\n"}; !slices.Equal(got, want) {
		t.Fatalf("%q, want %q", got, want)
	}
}

// The first line of a new period begins a new file, a quiet period makes none.
func TestFileRotatesByTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		folder := t.TempDir()
		f := openFile(t, filepath.Join(folder, "log"), output.FileOptions{RotateEvery: 24 * time.Hour})
		write(t, f, "monday\n")
		time.Sleep(23 * time.Hour)
		write(t, f, "evening\n")
		time.Sleep(24 * time.Hour)
		if got := files(t, folder); len(got) != 1 {
			t.Fatalf("without a line: %q", got)
		}
		write(t, f, "tuesday\n")
		time.Sleep(72 * time.Hour)
		write(t, f, "friday\nfriday\n")
		f.Close()
		names := files(t, folder)
		if len(names) != 3 {
			t.Fatalf("%q", names)
		}
		for i, want := range []string{"friday\nfriday\n", "monday\nevening\n", "tuesday\n"} {
			if got := content(t, filepath.Join(folder, names[i])); got != want {
				t.Errorf("%s has %q, want %q", names[i], got, want)
			}
		}
	})
}

// After a restart the file's own age counts.
func TestFileOldAtStart(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "log")
	if err := os.WriteFile(path, []byte("old\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-50 * time.Hour)
	if err := os.Chtimes(path, long, long); err != nil {
		t.Fatal(err)
	}
	f := openFile(t, path, output.FileOptions{RotateEvery: 24 * time.Hour})
	write(t, f, "new\n")
	if got := content(t, path); got != "new\n" || len(files(t, folder)) != 2 {
		t.Fatalf("%q, %q", got, files(t, folder))
	}
}

// As logrotate does it: rename, then ask for the path to be opened anew.
func TestFileReopen(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "log")
	f := openFile(t, path, output.FileOptions{Sync: output.SyncAlways})
	write(t, f, "one\n")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	write(t, f, "two\n")
	if err := f.Reopen(); err != nil {
		t.Fatal(err)
	}
	write(t, f, "three\n")
	if got := content(t, path+".1") + "|" + content(t, path); got != "one\ntwo\n|three\n" {
		t.Fatalf("%q", got)
	}
	// What cannot be opened leaves the old one in use.
	if err := os.Rename(path, path+".2"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if f.Reopen() == nil {
		t.Fatal("opened a directory")
	}
	write(t, f, "four\n")
	if got := content(t, path+".2"); got != "three\nfour\n" {
		t.Fatalf("%q", got)
	}
}

// A rotation that fails is counted and tried again, and lines go on into the old file.
func TestFileRotationFails(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "a")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	f := openFile(t, filepath.Join(folder, "log"), output.FileOptions{RotateSize: 4})
	write(t, f, "one\n")
	// Without its folder there is neither a name to rename nor a place for a new file.
	if err := os.Rename(folder, folder+"2"); err != nil {
		t.Skip("the folder of an open file cannot be renamed on this system, not a test of it")
	}
	if n, err := f.Write([]byte("two\n")); n != 0 || err == nil {
		t.Fatalf("%d, %v", n, err)
	}
	if err := os.Rename(folder+"2", folder); err != nil {
		t.Fatal(err)
	}
	write(t, f, "two\n")
	if got := content(t, filepath.Join(folder, "log")); !strings.HasSuffix(got, "two\n") {
		t.Fatalf("%q", got)
	}
}
