package examples_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestLease(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "counter")
	p := start(t, exec.Command(path(t, "lease"), file))
	for i := range 5 {
		p.expect(fmt.Sprintf("%d is in memory", i))
		text, err := os.ReadFile(file)
		if want := fmt.Sprintln(i); err != nil || string(text) != want {
			t.Errorf("read %q, %v, want %q", text, err, want)
		}
		p.expect(fmt.Sprintf("%d is in the file", i))
	}
	p.next(p.out)
	p.stop() // which prints that the last one is in the file, too
	if text, err := os.ReadFile(file); err != nil || string(text) != "5\n" {
		t.Errorf("at the end the file has %q, %v", text, err)
	}
}

func TestInotify(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	p := start(t, exec.Command(path(t, "inotify"), directory))
	if line := p.next(p.errs); !strings.Contains(line, "watching") {
		t.Fatalf("said %q", line)
	}
	file := filepath.Join(directory, "a file")
	syscall.ForkLock.RLock()
	err := os.WriteFile(file, []byte("x"), 0o600)
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
	p.expect(`created "a file"`)
	p.expect(`written "a file"`)
	if err := os.Rename(file, file+" with another name"); err != nil {
		t.Fatal(err)
	}
	p.expect(`moved from "a file"`)
	p.expect(`moved to "a file with another name"`)
	// More at once than one turn of the handler reads.
	const many = 2000
	first := 0
	promptly(t, func() time.Time {
		p.pause()
		for i := range many {
			// A child between fork and exec would keep the file open beyond its
			// closing here, and the next one would be created first.
			syscall.ForkLock.RLock()
			err := os.WriteFile(filepath.Join(directory, fmt.Sprint(first+i)), nil, 0o600)
			syscall.ForkLock.RUnlock()
			if err != nil {
				t.Fatal(err)
			}
		}
		resumed := p.resume()
		for i := range many {
			p.expect(fmt.Sprintf("created %q", fmt.Sprint(first+i)))
			p.expect(fmt.Sprintf("written %q", fmt.Sprint(first+i)))
		}
		first += many
		return resumed
	})
	p.stop()
}

func TestProfiler(t *testing.T) {
	t.Parallel()
	out, err := exec.Command(path(t, "profiler"), "0.5").CombinedOutput()
	if strings.Contains(string(out), "perf_event_open") {
		t.Skipf("this kernel lets us count nothing: %s", out)
	}
	first, rest, _ := strings.Cut(string(out), "\n")
	var samples, signals, lost int
	if _, scan := fmt.Sscanf(first, "%d samples, %d signals, %d lost", &samples, &signals, &lost); scan != nil || err != nil {
		t.Fatalf("%v, %v:\n%s", err, scan, out)
	}
	if samples == 0 || signals == 0 || lost != 0 || !strings.Contains(strings.Split(rest, "\n")[0], "main.heavy") {
		t.Errorf("printed\n%s", out)
	}
}
