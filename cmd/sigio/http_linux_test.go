package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/seed-067c1534/sigio/internal/webtest"
)

// said is what a server has said, by lines.
type said struct {
	mu    sync.Mutex
	lines []string
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, strings.Split(strings.TrimSuffix(string(p), "\n"), "\n")...)
	return len(p), nil
}

func (s *said) find(prefix string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, line := range s.lines {
		if rest, found := strings.CutPrefix(line, prefix); found {
			return rest
		}
	}
	return ""
}

// await waits until done.
func awaitTrue(t *testing.T, what string, done func() bool) {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(fatalTime)
	for !done() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("waited %v for %s", fatalTime, what)
		}
	}
}

// windowed is a server in a process of its own, with --http.
type windowed struct {
	cmd     *exec.Cmd
	url     string
	account string // the file of --stats
	err     *said
}

// startWindowed starts one, which listens to udp:// and tcp:// first. Its standard output is nowhere
// if stdout is nil.
func startWindowed(t *testing.T, stdout *os.File, args ...string) *windowed {
	t.Helper()
	w := &windowed{account: filepath.Join(t.TempDir(), "account.json"), err: &said{}}
	w.cmd = exec.Command("sigio", append([]string{"serve", "--http", "127.0.0.1:0", "--stats", w.account,
		"--listen", "udp://127.0.0.1:0", "--listen", "tcp://127.0.0.1:0", "--max-message", "4096"}, args...)...)
	if stdout != nil {
		w.cmd.Stdout = stdout
	}
	w.cmd.Stderr = w.err
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.cmd.Process.Signal(os.Interrupt)
		if err := w.cmd.Wait(); err != nil {
			t.Errorf("the server ended with %v\n%s", err, strings.Join(w.err.lines, "\n"))
		}
	})
	awaitTrue(t, "the account", func() bool { _, err := os.Stat(w.account); return err == nil })
	awaitTrue(t, "the address", func() bool { // said before, by way of a pipe
		w.url = strings.TrimSuffix(w.err.find("sigio serve: look at "), "/")
		return w.url != ""
	})
	return w
}

func (w *windowed) get(t *testing.T, path string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), fatalTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", w.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != 200 {
		t.Fatalf("%s: %d %v\n%s", path, answer.StatusCode, err, b)
	}
	return string(b)
}

// stats asks for the account, and reads it until it is a new one.
func (w *windowed) stats(t *testing.T) map[string]any {
	t.Helper()
	before := readAccount(w.account)["at"]
	w.cmd.Process.Signal(signals["USR1"])
	var v map[string]any
	awaitTrue(t, "another account", func() bool {
		v = readAccount(w.account)
		return v["at"] != nil && v["at"] != before
	})
	return v
}

func (w *windowed) dial(t *testing.T, v map[string]any, i int) net.Conn {
	t.Helper()
	network, address, _ := strings.Cut(v["listeners"].([]any)[i].(map[string]any)["address"].(string), "://")
	c, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What an empty page says to send a message with does send it.
func TestPageSaysHowToSend(t *testing.T) {
	t.Parallel()
	w := startWindowed(t, nil)
	b := webtest.Open(t, 1280, 1000, 0)
	b.Do(chromedp.Navigate(w.url + "/"))
	b.Until(`document.body.dataset.line === "up" && document.getElementById("how-text").textContent.includes("udp://")`)
	said := webtest.Eval[string](b, `document.getElementById("how-text").textContent`)
	ctx, cancel := context.WithTimeout(t.Context(), fatalTime)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "sh", "-c", said).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", said, err, out)
	}
	b.Until(`document.getElementById("rows").textContent.includes("hello, world") && document.getElementById("received").textContent === "1"`)
	if webtest.Eval[bool](b, `document.getElementById("empty").checkVisibility()`) {
		t.Error("the page still says that it waits")
	}
}

func TestHTTPOptions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--http", ":9090"}, "--http-host NAME"},
		{[]string{"--http", "192.0.2.1:9090"}, "want 127.0.0.1:9090"},
		{[]string{"--http", "9090"}, "want HOST:PORT"},
		{[]string{"--http-pprof"}, "are for --http"},
		{[]string{"--http-host", "x"}, "are for --http"},
	} {
		var out, err said
		if code := run(append([]string{"serve"}, c.args...), strings.NewReader(""), &out, &err); code != exitUsage || !strings.Contains(strings.Join(err.lines, "\n"), c.want) {
			t.Errorf("%q: exit code %d, %q, want %q", c.args, code, err.lines, c.want)
		}
	}
}
