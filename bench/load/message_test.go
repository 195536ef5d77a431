package load

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func message(n int) string {
	p := make([]byte, MessageSize)
	Numbered(p, n)
	return string(p)
}

func TestNumbered(t *testing.T) {
	if MessageSize != 90 {
		t.Errorf("a message has %d bytes, want 90", MessageSize)
	}
	want := strings.Replace(Template, "0000000000", "0001234567", 1)
	if got := message(1234567); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTally(t *testing.T) {
	whole := message(10) + "\n" + message(11) + "\n" + message(12) + "\n"
	for _, c := range []struct {
		name, file                     string
		missing, duplicates, strangers int
	}{
		{"all", whole, 0, 0, 0},
		{"another order", message(12) + "\n" + message(10) + "\n" + message(11) + "\n", 0, 0, 0},
		{"one missing", message(10) + "\n" + message(12) + "\n", 1, 0, 0},
		{"nothing", "", 3, 0, 0},
		{"one twice", whole + message(11) + "\n", 0, 1, 0},
		{"one that was not sent", whole + message(13) + "\n", 0, 0, 1},
		{"an empty line", whole + "\n", 0, 0, 1},
		{"one torn", message(10) + "\n" + message(11)[:40] + "\n" + message(11)[40:] + "\n" + message(12) + "\n", 0, 0, 1},
		{"two in a line", message(10) + message(11) + "\n" + message(12) + "\n", 1, 0, 0},
		{"one changed", strings.Replace(whole, "user0042", "user0043", 1), 1, 0, 1},
		{"a number that is none", strings.Replace(whole, "0000000010", "00000000x0", 1), 1, 0, 1},
		{"the last without its newline", whole[:len(whole)-1], 0, 0, 0},
		{"another format", "10:00 user0042: seq=0000000010 ok\n[seq=0000000011 ok]\nseq=0000000012 ok\n", 0, 0, 0},
		{"another format, cut", "user0042: seq=0000000010 o\nseq=0000000011 ok\nseq=0000000012 ok\n", 1, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "out")
			if err := os.WriteFile(path, []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			tally := NewTally(10, 3)
			if err := tally.ReadFile(path); err != nil {
				t.Fatal(err)
			}
			if tally.Missing() != c.missing || tally.Duplicates != c.duplicates || tally.Strange != c.strangers {
				t.Errorf("missing %d, duplicates %d, strange %d; want %d, %d, %d",
					tally.Missing(), tally.Duplicates, tally.Strange, c.missing, c.duplicates, c.strangers)
			}
			if wrong := c.duplicates+c.strangers > 0; (tally.Err() != nil) != wrong {
				t.Errorf("Err is %v", tally.Err())
			}
		})
	}
}

// TestReadLongFile has lines on both sides of every boundary between reads.
func TestReadLongFile(t *testing.T) {
	const n = 50_000
	var b strings.Builder
	for i := range n {
		b.WriteString(message(i) + "\n")
	}
	path := filepath.Join(t.TempDir(), "out")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	tally := NewTally(0, n)
	if err := tally.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	if tally.Missing() != 0 || tally.Err() != nil {
		t.Errorf("missing %d: %v", tally.Missing(), tally.Err())
	}
}
