package service

import (
	"os"
	"path/filepath"
	"testing"
)

// TestFeed divides a stream at every place.
func TestFeed(t *testing.T) {
	const stream, want = "one\ntwo\n\nthree", "one\ntwo\n\nthree\n"
	for i := range len(stream) {
		for k := i; k < len(stream); k++ {
			path := filepath.Join(t.TempDir(), "out")
			sink, err := OpenSink(path, 0)
			if err != nil {
				t.Fatal(err)
			}
			var c Stream
			for _, part := range []string{stream[:i], stream[i:k], stream[k:]} {
				sink.Feed(&c, []byte(part))
			}
			sink.Finish(&c)
			got, err := os.ReadFile(path)
			sink.file.Close()
			if err != nil || string(got) != want {
				t.Fatalf("divided at %d and %d: %q, %v; want %q", i, k, got, err, want)
			}
		}
	}
}
