package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/seed-067c1534/sigio/internal/web"
)

func TestSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]size{
		"1": 1, "512": 512, "512B": 512, "64KiB": 64 << 10, "4MiB": 4 << 20, "1GiB": 1 << 30, "64KB": 64000, "100MB": 100e6, "2147483647": 1<<31 - 1,
	} {
		var s size
		if err := s.Set(text); err != nil || s != want {
			t.Errorf("%q is %d, %v; want %d", text, s, err, want)
		}
		var again size
		if err := again.Set(s.String()); err != nil || again != s {
			t.Errorf("%d prints as %q, which is %d, %v", s, s.String(), again, err)
		}
	}
	for _, text := range []string{"", "0", "-1", "64kB", "64kib", "3GB", "KiB", "1.5MiB", "2GiB", "2147483648", "99999999999999999999", "4194304KiB"} {
		var s size
		if err := s.Set(text); err == nil {
			t.Errorf("%q is %d, want an error", text, s)
		}
	}
}

func TestRate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]rate{"0": 0, "1000": 1000, "1000/s": 1000, "0.5/s": 0.5, "1e6": 1e6} {
		var r rate
		if err := r.Set(text); err != nil || r != want {
			t.Errorf("%q is %v, %v; want %v", text, r, err, want)
		}
	}
	for _, text := range []string{"", "-1", "fast", "NaN", "Inf", "1/m"} {
		var r rate
		if err := r.Set(text); err == nil {
			t.Errorf("%q is %v, want an error", text, r)
		}
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, indent, want string }{
		{"", "  ", ""},
		{"one", "  ", "  one\n"},
		{"one two three", "", "one two\nthree\n"},
		{"one  two\nthree", "  ", "  one\n  two\n  three\n"},
		{"averyveryverylongword a", "", "averyveryverylongword\na\n"},
		{"ääää ää ä", "", "ääää ää\nä\n"},
	} {
		if got := wrap(c.text, c.indent, 7); got != c.want {
			t.Errorf("wrap(%q, %q) is %q, want %q", c.text, c.indent, got, c.want)
		}
	}
}

func TestOtherSystems(t *testing.T) {
	t.Parallel()
	unsupported := fmt.Errorf("cannot listen: %w", errors.ErrUnsupported)
	if got := needsLinux(unsupported, "windows"); !strings.Contains(got, "needs Linux") || !strings.Contains(got, "windows") {
		t.Errorf("on windows: %q", got)
	}
	if got := needsLinux(unsupported, "linux") + needsLinux(errors.New("other"), "windows"); got != "" {
		t.Errorf("where it is not the system's fault: %q", got)
	}
}

func TestWarningsDoNotBlock(t *testing.T) {
	t.Parallel()
	w := newWarnings()
	for range 100 {
		w.add("x")
	}
	n := 0
	w.each(func(string) { n++ })
	if n == 0 || n == 100 {
		t.Errorf("%d of 100 kept, want some", n)
	}
	w.each(func(text string) { t.Errorf("told twice: %q", text) })
}

func TestCauses(t *testing.T) {
	t.Parallel()
	if got := causes(map[string]int{"b": 2, "c": 30, "a": 2}); got != "c 30, a 2, b 2" {
		t.Errorf("got %q", got)
	}
}

// The account's file is replaced in one step, keeps its name when it is reached by
// a link, and leaves nothing beside it.
func TestReplace(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "account.json")
	f := newAccountFile(path)
	for range 2 {
		if err := f.write(web.Account{Outputs: []web.Output{{LastError: "full"}}}); err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(content), `"last_error": "full"`) || !strings.HasSuffix(string(content), "}\n") {
		t.Errorf("%s, %v", content, err)
	}
	if runtime.GOOS != "windows" {
		link := filepath.Join(folder, "link")
		if err := os.Symlink(path, link); err != nil {
			t.Fatal(err)
		}
		if err := replace(link, []byte("new")); err != nil {
			t.Fatal(err)
		}
		if content, _ := os.ReadFile(path); string(content) != "new" {
			t.Errorf("through a link: %q", content)
		}
		if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Errorf("the link was replaced: %v, %v", info, err)
		}
	}
	if err := replace(filepath.Join(folder, "nowhere", "x"), nil); err == nil {
		t.Error("a folder that does not exist is no error")
	}
	list, err := os.ReadDir(folder)
	if err != nil || len(list) > 2 {
		t.Errorf("left in the folder: %v, %v", list, err)
	}
}

// The line is shown only when nothing has come since the last time.
func TestQuietWatch(t *testing.T) {
	t.Parallel()
	var q quietWatch
	for i, c := range []struct {
		received uint64
		want     bool
	}{{0, true}, {0, true}, {3, false}, {3, true}, {4, false}, {5, false}, {5, true}} {
		if got := q.still(c.received); got != c.want {
			t.Errorf("look %d at %d: %v, want %v", i, c.received, got, c.want)
		}
	}
}

func TestRoff(t *testing.T) {
	t.Parallel()
	if got, want := roff(".x -y\n'z \\"), "\\&.x \\-y\n\\(aqz \\e"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Every command has examples, a summary that is a sentence's beginning, and fits
// on a terminal.
func TestCommandsAreExplained(t *testing.T) {
	t.Parallel()
	for _, c := range newRoot(streams{}).Commands() {
		if c.Example == "" || c.Short == "" || strings.HasSuffix(c.Short, ".") || c.RunE == nil || c.Args == nil && c.Name() != "send" {
			t.Errorf("%s: example %q, short %q", c.Name(), c.Example, c.Short)
		}
		for line := range strings.Lines(c.Example) {
			if len(strings.TrimRight(line, "\n")) > width-2 {
				t.Errorf("%s: too long: %q", c.Name(), line)
			}
		}
	}
}
