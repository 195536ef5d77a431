package output_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-067c1534/sigio/output"
)

func TestFileKeep(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, other := range []string{"log.1", "log.20261124T170836.123456789Z.bak", "other.20261124T170836.123456789Z"} {
		if err := os.WriteFile(filepath.Join(folder, other), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := openFile(t, filepath.Join(folder, "log"), output.FileOptions{RotateSize: 4, Keep: 2, Compress: true})
	for i := range 9 {
		write(t, f, fmt.Sprintf("%03d\n", i))
	}
	waitUntil(t, "what is too old to be gone", func() bool { return f.Stats().Removed == 6 && len(files(t, folder)) == 6 && f.Stats().Compressed >= 2 })
	if st := f.Stats(); st.Rotations != 8 || st.Failures != 0 {
		t.Errorf("%+v", st)
	}
	for i, name := range files(t, folder)[1:4] {
		if name == "log.1" || strings.HasSuffix(name, ".bak") {
			continue
		}
		if got := content(t, filepath.Join(folder, name)); got != "006\n" && got != "007\n" {
			t.Errorf("kept %d: %s has %q", i, name, got)
		}
	}
}

// What a crash has interrupted is done at the next start: a part is made anew, a superfluous
// original removed, and nothing else is touched.
func TestFileResumesCompression(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write([]byte("first\n"))
	z.Close()
	put("log.20261124T170836.000000001Z", "first\n")
	put("log.20261124T170836.000000001Z.gz", packed.String())
	put("log.20261124T170836.000000002Z", "second\n")
	put("log.20261124T170836.000000002Z.gz.tmp", "half")
	put("log.gz.tmp", "not ours")
	f := openFile(t, filepath.Join(folder, "log"), output.FileOptions{Compress: true})
	want := []string{"log", "log.20261124T170836.000000001Z.gz", "log.20261124T170836.000000002Z.gz", "log.gz.tmp"}
	waitUntil(t, "compression", func() bool { return slices.Equal(files(t, folder), want) })
	f.Close()
	if got := content(t, filepath.Join(folder, want[1])) + content(t, filepath.Join(folder, want[2])); got != "first\nsecond\n" {
		t.Fatalf("%q", got)
	}
}

// Close does not wait for a large file to be compressed, and leaves no part of one.
func TestFileCloseStopsCompression(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	putEndless(t, folder)
	f := openFile(t, filepath.Join(folder, "log"), output.FileOptions{Compress: true})
	waitUntil(t, "compression to begin", func() bool { return len(files(t, folder)) == 3 })
	f.Close()
	if got := files(t, folder); len(got) != 2 {
		t.Fatalf("%q", got)
	}
}

// Files become too old while one is compressed. None of them is compressed in vain, and after Close
// there are no more than Keep says.
func TestFileKeepWhileCompressing(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	putEndless(t, folder)
	f := openFile(t, filepath.Join(folder, "log"), output.FileOptions{RotateSize: 4, Keep: 2, Compress: true})
	waitUntil(t, "compression to begin", func() bool { return len(files(t, folder)) == 3 })
	for i := range 50 {
		write(t, f, fmt.Sprintf("%03d\n", i))
	}
	f.Close()
	got := files(t, folder)
	if len(got) != 3 || f.Stats().Compressed != 0 {
		t.Fatalf("%q, %+v", got, f.Stats())
	}
	for i, name := range got[1:] {
		if text := content(t, filepath.Join(folder, name)); text != fmt.Sprintf("%03d\n", 47+i) {
			t.Errorf("%s has %q", name, text)
		}
	}
}

// putEndless makes a full file that takes longer to compress than any test.
func putEndless(t *testing.T, folder string) {
	t.Helper()
	file, err := os.Create(filepath.Join(folder, "log.20261124T170836.000000001Z"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := file.Truncate(1 << 36); err != nil { // a hole
		t.Skip("no sparse files on this system, not a test of it")
	}
}
