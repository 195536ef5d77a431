package spool_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/internal/spool"
)

// stored is a store in which messages from 1000 on wait.
type stored struct {
	dir     string
	total   int
	options spool.Options
}

func store(t *testing.T, total int) stored {
	t.Helper()
	s := stored{t.TempDir(), total, spool.Options{MaxBytes: 64 << 20}}
	o := s.options
	o.Dir = s.dir
	var shut kept
	l := open(t, o, &shut)
	l.give(0, 1000)
	sigtest.Until(t, "some to be written", func() bool { return shut.count() == 1000 })
	shut.mu.Lock()
	shut.shut = make(chan struct{})
	shut.mu.Unlock()
	defer close(shut.shut)
	l.give(1000, total)
	sigtest.Until(t, "all to be stored", func() bool { return l.tally.delivered.Load() == int64(total) })
	l.end()
	return s
}

// TestDamage damages a store in which messages wait. Either it opens, and every message that does not
// come was told of, and new ones come; or it does not, and the error says what to do.
func TestDamage(t *testing.T) {
	flip := func(t *testing.T, path string, at func(size int64) int64) {
		t.Helper()
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		info, _ := f.Stat()
		if _, err := f.WriteAt([]byte(strings.Repeat("damage", 20)), at(info.Size())); err != nil {
			t.Fatal(err)
		}
	}
	half := func(size int64) int64 { return size / 2 }
	all := func(t *testing.T, dir, pattern string) []string {
		t.Helper()
		list, err := filepath.Glob(filepath.Join(dir, "jetstream", "*", "streams", "SIGIO_SPOOL", pattern))
		if err != nil || len(list) == 0 {
			t.Fatal("nothing is", pattern, err)
		}
		return list
	}
	remove := func(pattern string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			for _, path := range all(t, dir, pattern) {
				if err := os.RemoveAll(path); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	empty := func(pattern string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			for _, path := range all(t, dir, pattern) {
				if err := os.Truncate(path, 0); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	small, large := store(t, 10000), store(t, 250000) // which has three blocks
	for _, c := range []struct {
		name   string
		damage func(t *testing.T, dir string)
	}{
		{"the first block, in the middle", func(t *testing.T, dir string) { flip(t, all(t, dir, "msgs/*.blk")[0], half) }},
		{"a block in the middle, cut", func(t *testing.T, dir string) { os.Truncate(all(t, dir, "msgs/*.blk")[1], 1000) }},
		{"a block in the middle, gone", func(t *testing.T, dir string) { os.Remove(all(t, dir, "msgs/*.blk")[1]) }},
		{"the first block, empty", func(t *testing.T, dir string) { os.Truncate(all(t, dir, "msgs/*.blk")[0], 0) }},
		{"the beginning of the first block", func(t *testing.T, dir string) {
			flip(t, all(t, dir, "msgs/*.blk")[0], func(int64) int64 { return 0 })
		}},
		{"all blocks", remove("msgs/*.blk")},
		{"the messages", remove("msgs")},
		{"the summary", func(t *testing.T, dir string) { flip(t, all(t, dir, "msgs/index.db")[0], half) }},
		{"the stream's description", remove("meta.inf")},
		{"the stream's description, empty", empty("meta.inf")},
		{"its checksum", remove("meta.sum")},
		{"its checksum, empty", empty("meta.sum")},
		{"the consumer", remove("obs/*")},
		{"the consumer's description", remove("obs/*/meta.inf")},
		{"the consumer's description, empty", empty("obs/*/meta.inf")},
		{"the consumer's state, empty", empty("obs/*/o.dat")},
		{"the consumer's state", func(t *testing.T, dir string) {
			for _, path := range all(t, dir, "obs/*/o.dat") {
				os.WriteFile(path, []byte("damage"), 0o600)
			}
		}},
		{"a file where the store is", func(t *testing.T, dir string) {
			os.RemoveAll(filepath.Join(dir, "jetstream"))
			os.WriteFile(filepath.Join(dir, "jetstream"), nil, 0o600)
		}},
		{"a file where a folder is", func(t *testing.T, dir string) {
			path := all(t, dir, "msgs")[0]
			os.RemoveAll(path)
			os.WriteFile(path, nil, 0o600)
		}},
		{"the mark", func(t *testing.T, dir string) { os.WriteFile(filepath.Join(dir, "last"), []byte("damage"), 0o600) }},
	} {
		for _, killed := range []bool{false, true} {
			name := c.name
			if killed {
				name += ", after a kill"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				from := small
				if strings.Contains(c.name, "block") {
					from = large
				}
				total, dir := from.total, t.TempDir()
				if err := os.CopyFS(dir, os.DirFS(from.dir)); err != nil {
					t.Fatal(err)
				}
				o, a := from.options, kept{}
				o.Dir = dir
				if killed { // the summary is written at an orderly end
					os.Remove(all(t, dir, "msgs/index.db")[0])
					if c.name == "the summary" {
						return
					}
				}
				c.damage(t, dir)

				var mu sync.Mutex
				var warnings strings.Builder
				o.Warn = func(s string) { mu.Lock(); defer mu.Unlock(); warnings.WriteString(s + "\n") }
				said := func() string { mu.Lock(); defer mu.Unlock(); return warnings.String() }
				l, err := tryOpen(t, o, &a)
				if err != nil {
					if !strings.Contains(err.Error(), "move the folder away") {
						t.Error("refused without what to do:", err)
					}
					return
				}
				l.give(total, total+100)
				sigtest.Until(t, "the new messages", func() bool { return a.last() == text(total+99) })
				told := int(l.spool.Stats().Outputs[0].Missing)
				l.end()
				_, rest, found := strings.Cut(said(), "the last ")
				if found {
					n := 0
					fmt.Sscan(rest, &n)
					told += n
				}
				last := 999
				for _, line := range a.lines() {
					n, err := strconv.Atoi(strings.TrimPrefix(line, "T U: message "))
					if err != nil || n <= last {
						t.Fatalf("%q comes behind %d", line, last)
					}
					last = n
				}
				if came := a.count() - 100; came+told != total-1000 {
					t.Errorf("%d came, and %d are told to be lost, of %d; warnings:\n%s", came, told, total-1000, said())
				}
			})
		}
	}
}
