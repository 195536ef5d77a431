package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
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

func startWindowed(t *testing.T, args ...string) *windowed {
	t.Helper()
	w := &windowed{account: filepath.Join(t.TempDir(), "account.json"), err: &said{}}
	w.cmd = exec.Command("sigio", append([]string{"serve", "--http", "127.0.0.1:0", "--stats", w.account,
		"--listen", "udp://127.0.0.1:0", "--listen", "tcp://127.0.0.1:0", "--max-message", "4096"}, args...)...)
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
	w.url = strings.TrimSuffix(w.err.find("sigio serve: look at "), "/")
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

// numbers are all numbers in v with their names, as the page has them.
func numbers(v any, path string, found map[string]float64) {
	join := func(k string) string { return strings.TrimPrefix(path+"."+k, ".") }
	switch x := v.(type) {
	case float64:
		found[path] = x
	case map[string]any:
		for k, e := range x {
			numbers(e, join(k), found)
		}
	case []any:
		for i, e := range x {
			numbers(e, join(strconv.Itoa(i)), found)
		}
	}
}

// metricsOf reads /metrics: name{labels} and values.
func metricsOf(text string) map[string]float64 {
	found := map[string]float64{}
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		if i := strings.LastIndexByte(lines.Text(), ' '); i > 0 && lines.Text()[0] != '#' {
			found[lines.Text()[:i]], _ = strconv.ParseFloat(lines.Text()[i+1:], 64)
		}
	}
	return found
}

// metricNames say which metric has a number of the account.
var metricNames = map[string]string{
	"received": "messages_received_total", "delivered": "messages_delivered_total", "pending": "messages_pending",
	"kernel_drops": "kernel_dropped_datagrams_total", "receive_buffer": "receive_buffer_bytes",
	"connections.accepted": "connections_accepted_total", "connections.open": "connections_open",
	"connections.accept_failures": "accept_failures_total",
	"signals.received":            "listener_signals_total", "signals.merged": "listener_signals_merged_total",
	"rejected.*": "messages_rejected_total", "connections.closed.*": "connections_closed_total",
	"written": "output_written_total", "written_bytes": "output_written_bytes_total", "lost_by.*": "output_lost_total",
	"pending_": "output_queue_messages", "pending_bytes": "output_queue_bytes", "retries": "output_retries_total",
	"details.*": "output_events_total",
}

var totalNames = map[string]string{
	"signals.received": "signals_received_total", "signals.merged": "signals_merged_total", "signals.stale": "signals_stale_total",
	"signals.foreign": "signals_foreign_total", "signals.overflows": "signal_overflows_total", "signals.sweeps": "signal_sweeps_total",
}

// At rest every number of --stats is on the page and in /metrics, and is the same.
func TestCountersAgree(t *testing.T) {
	t.Parallel()
	w := startWindowed(t, "--output", "stdout:", "--output", "file:"+filepath.Join(t.TempDir(), "x.log"))
	v := w.stats(t)
	udp := w.dial(t, v, 0)
	defer udp.Close()
	for i := range 50 {
		fmt.Fprintf(udp, "datagram %d", i)
	}
	fmt.Fprint(udp, " \n")
	udp.Write(make([]byte, 5000)) // too long
	tcp := w.dial(t, v, 1)
	fmt.Fprintf(tcp, "a line\nanother\n%s\nrest", strings.Repeat("y", 5000))
	tcp.Close()
	awaitTrue(t, "rest", func() bool { v = w.stats(t); return v["received"].(float64) == 56 && v["pending"].(float64) == 0 })

	found := map[string]float64{}
	numbers(v, "", found)
	metrics := metricsOf(w.get(t, "/metrics"))
	compared := 0
	check := func(path, name, label string) {
		key := "sigio_" + name + label
		got, there := metrics[key]
		if !there || got != found[path] {
			t.Errorf("--stats has %s %v, /metrics has %s %v (%v)", path, found[path], key, got, there)
		}
		compared++
	}
	for path := range found {
		parts := strings.SplitN(path, ".", 3)
		if parts[0] != "listeners" && parts[0] != "outputs" {
			if name := totalNames[path]; name != "" {
				check(path, name, "")
			}
			continue // other totals are sums of what follows
		}
		i, _ := strconv.Atoi(parts[1])
		of := v[parts[0]].([]any)[i].(map[string]any)
		rest, label := parts[2], fmt.Sprintf("listener=%q", of["address"])
		if parts[0] == "outputs" {
			label = fmt.Sprintf("output=%q", of["output"])
			if rest == "pending" {
				rest = "pending_"
			}
			if rest == "lost" {
				continue // the sum of lost_by
			}
		}
		if strings.HasPrefix(rest, "signals.") && metricNames[rest] == "" {
			continue // known of all listeners together only, and 0 here
		}
		for prefix, kind := range map[string]string{"rejected.": "cause", "connections.closed.": "cause", "lost_by.": "cause", "details.": "event"} {
			if cause, ok := strings.CutPrefix(rest, prefix); ok {
				rest = prefix + "*"
				if kind == "cause" {
					label = fmt.Sprintf("cause=%q,%s", cause, label)
				} else {
					label = fmt.Sprintf("event=%q,%s", cause, label)
				}
			}
		}
		if metricNames[rest] == "" {
			t.Errorf("no metric has %s of --stats", path)
			continue
		}
		check(path, metricNames[rest], "{"+label+"}")
	}
	if compared < 40 {
		t.Errorf("compared %d numbers only", compared)
	}
	kinds := 0.0
	for key, n := range metrics {
		if strings.HasPrefix(key, "sigio_signals_total{") {
			kinds += n
		}
	}
	if kinds != found["signals.received"] {
		t.Errorf("signals by kind are %v together, received were %v", kinds, found["signals.received"])
	}
	if got := w.get(t, "/readyz"); got != "ready\n" {
		t.Errorf("ready: %q", got)
	}

	b := webtest.Open(t, 1280, 1000, 0)
	b.Do(chromedp.Navigate(w.url + "/"))
	b.Until(`document.body.dataset.line === "up" && document.getElementById("received").textContent === "56"`)
	b.Do(chromedp.Evaluate[chromedp.Void](`document.getElementById("all").open = true`))
	b.Until(`document.querySelectorAll("#counters [data-path]").length > 40`)
	var shown map[string]float64
	text := webtest.Eval[string](b, `JSON.stringify(Object.fromEntries([...document.querySelectorAll("#counters [data-path]")].map((e) => [e.dataset.path, Number(e.textContent.replaceAll(",", ""))])))`)
	if err := json.Unmarshal([]byte(text), &shown); err != nil {
		t.Fatal(err)
	}
	for path, n := range found {
		if got, there := shown[path]; !there || got != n {
			t.Errorf("--stats has %s %v, the page has %v (%v)", path, n, got, there)
		}
	}
	for path := range shown {
		if _, there := found[path]; !there {
			t.Errorf("the page has %s, --stats has not", path)
		}
	}
	b.NoComplaints(w.url)
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
