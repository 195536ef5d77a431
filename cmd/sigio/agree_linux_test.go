package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/seed-067c1534/sigio/internal/webtest"
)

// number is a number in the file of --stats.
type number struct {
	name   string   // "listeners.connections.closed"
	path   string   // "listeners.0.connections.closed.idle", as the page has it
	labels []string // those of its metric, in their order
	value  float64
}

// labelOf are the members whose own members are counts by a label.
var labelOf = map[string]string{"rejected": "cause", "closed": "cause", "lost_by": "cause", "details": "event"}

// numbersIn returns all numbers in v, and what is true or false as 1 or 0.
func numbersIn(v any, name, path string, labels []string) (list []number) {
	join := func(a, b string) string { return strings.TrimPrefix(a+"."+b, ".") }
	switch x := v.(type) {
	case float64:
		return []number{{name, path, labels, x}}
	case bool:
		n := number{name, path, labels, 0}
		if x {
			n.value = 1
		}
		return []number{n}
	case []any:
		for i, e := range x {
			list = append(list, numbersIn(e, name, join(path, strconv.Itoa(i)), labels)...)
		}
	case map[string]any:
		for label, member := range map[string]string{"listener": "address", "output": "output", "spool": "spool"} {
			if text, is := x[member].(string); is {
				labels = []string{fmt.Sprintf("%s=%q", label, text)}
			}
		}
		label := labelOf[name[strings.LastIndexByte(name, '.')+1:]]
		for k, e := range x {
			if label != "" {
				by := append([]string{fmt.Sprintf("%s=%q", label, k)}, labels...)
				list = append(list, numbersIn(e, name, join(path, k), by)...)
			} else {
				list = append(list, numbersIn(e, join(name, k), join(path, k), labels)...)
			}
		}
	}
	return list
}

// metricOf says which metric has a number of the account.
var metricOf = map[string]string{
	"listeners.received": "messages_received_total", "listeners.delivered": "messages_delivered_total",
	"listeners.rejected": "messages_rejected_total", "listeners.pending": "messages_pending",
	"listeners.kernel_drops": "kernel_dropped_datagrams_total", "listeners.receive_buffer": "receive_buffer_bytes",
	"listeners.connections.accepted": "connections_accepted_total", "listeners.connections.open": "connections_open",
	"listeners.connections.closed": "connections_closed_total", "listeners.connections.accept_failures": "accept_failures_total",
	"listeners.signals.received": "listener_signals_total", "listeners.signals.merged": "listener_signals_merged_total",

	"signals.received": "signals_received_total", "signals.merged": "signals_merged_total", "signals.stale": "signals_stale_total",
	"signals.foreign": "signals_foreign_total", "signals.overflows": "signal_overflows_total", "signals.sweeps": "signal_sweeps_total",

	"outputs.written": "output_written_total", "outputs.written_bytes": "output_written_bytes_total",
	"outputs.lost_by": "output_lost_total", "outputs.pending": "output_queue_messages", "outputs.pending_bytes": "output_queue_bytes",
	"outputs.retries": "output_retries_total", "outputs.stalled": "output_stalled", "outputs.failed": "output_failed",
	"outputs.details": "output_events_total",

	"spool.full": "spool_full", "spool.records": "spool_records", "spool.bytes": "spool_bytes", "spool.max_bytes": "spool_max_bytes",
	"spool.oldest": "spool_oldest_timestamp_seconds", "spool.restarts": "spool_restarts_total",
	"spool.outputs.behind": "spool_behind_records", "spool.outputs.missing": "spool_missing_messages_total",
}

// others are the metrics of what no account has.
var others = regexp.MustCompile(`^sigio_(build_info|ready|signals_total|page_\w+|message_latency_seconds\w*|process_\w+)({|$)`)

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

// total is what a number without a metric is the sum of: the listeners' numbers, or an output's causes.
func total(list []number, of number) (sum float64) {
	for _, n := range list {
		switch {
		case of.name == "outputs.lost" && n.name == "outputs.lost_by" && slices.Contains(n.labels, of.labels[0]),
			n.name == "listeners."+of.name && slices.Equal(n.labels[:len(n.labels)-1], of.labels):
			sum += n.value
		}
	}
	return sum
}

// agree wants every number of --stats to be in /metrics and on the page, the same, and no others
// there. Nothing may be under way.
func (w *windowed) agree(t *testing.T, b *webtest.Browser) {
	t.Helper()
	list := numbersIn(w.stats(t), "", "", nil)
	metrics := metricsOf(w.get(t, "/metrics"))
	kinds := 0.0
	shown := map[string]float64{}
	for _, n := range list {
		shown[n.path] = n.value
		name := metricOf[n.name]
		if name == "" {
			if sum := total(list, n); sum != n.value {
				t.Errorf("--stats has %s %v, and no metric; the sum of what is below it is %v", n.path, n.value, sum)
			}
			continue
		}
		key := "sigio_" + name
		if len(n.labels) > 0 {
			key += "{" + strings.Join(n.labels, ",") + "}"
		}
		if got, there := metrics[key]; !there || got != n.value {
			t.Errorf("--stats has %s %v, /metrics has %s %v (%v)", n.path, n.value, key, got, there)
		}
		delete(metrics, key)
		if n.name == "signals.received" {
			kinds -= n.value
		}
	}
	for key, n := range metrics {
		if strings.HasPrefix(key, "sigio_signals_total{") {
			kinds += n
		}
		if n != 0 && !others.MatchString(key) { // 0: a cause that there could be
			t.Errorf("/metrics has %s %v, which --stats has not", key, n)
		}
	}
	if kinds != 0 {
		t.Errorf("signals by kind are %v more than were received", kinds)
	}

	b.Do(chromedp.Evaluate[chromedp.Void](`document.getElementById("all").open = true`))
	var page map[string]float64
	awaitTrue(t, "the page to say the same", func() bool {
		text := webtest.Eval[string](b, `JSON.stringify(Object.fromEntries([...document.querySelectorAll("#counters [data-path]")].map((e) => [e.dataset.path, Number(e.textContent.replaceAll(",", ""))])))`)
		page = nil
		err := json.Unmarshal([]byte(text), &page)
		return err == nil && maps.Equal(page, shown) || t.Failed()
	})
	for path, n := range shown {
		if got, there := page[path]; !there || got != n {
			t.Errorf("--stats has %s %v, the page has %v (%v)", path, n, got, there)
		}
	}
	t.Logf("%d numbers agree", len(list))
}

// At rest every number of --stats is on the page and in /metrics, and is the same: with all kinds of
// listeners, and several outputs.
func TestCountersAgree(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := func(name string) string { return filepath.Join(folder, name) }
	w := startWindowed(t, nil, "--listen", "unix://"+path("stream"), "--listen", "unixgram://"+path("datagrams"), "--listen", "udp://127.0.0.1:0",
		"--output", "stdout:", "--output", "file:"+path("x.log")+"?rotate-size=1KiB&keep=1", "--output", "sqlite:"+path("x.db"))
	v := w.stats(t)
	for i := range 5 {
		c := w.dial(t, v, i)
		defer c.Close()
		for n := range 20 {
			fmt.Fprintf(c, `{"send_user":"u","send_time":"","send_msg":"message %d","send_id":"%d of %d"}`+"\n", n, n/2, i)
		}
		if _, stream := c.(interface{ CloseWrite() error }); stream && i != 3 {
			fmt.Fprintf(c, "%s\nrest", strings.Repeat("y", 5000))
			c.Close()
		} else {
			fmt.Fprint(c, " \n")
			c.Write(make([]byte, 5000)) // too long
		}
	}
	held := w.dial(t, v, 1) // a connection that stays open
	defer held.Close()
	awaitTrue(t, "rest", func() bool {
		v = w.stats(t)
		open := v["connections"].(map[string]any)["open"]
		return v["received"].(float64) == 5*22 && v["pending"].(float64) == 0 && open.(float64) == 1
	})
	b := webtest.Open(t, 1280, 1000, 0)
	b.Do(chromedp.Navigate(w.url + "/"))
	b.Until(`document.body.dataset.line === "up"`)
	w.agree(t, b)
	if got := w.get(t, "/readyz"); got != "ready\n" {
		t.Errorf("ready: %q", got)
	}
	b.NoComplaints(w.url)
}

// spooled is the account of the spool, and the account of an output.
func spooled(v map[string]any, output int) (spool, of, account map[string]any) {
	spool = v["spool"].(map[string]any)
	return spool, spool["outputs"].([]any)[output].(map[string]any), v["outputs"].([]any)[output+1].(map[string]any)
}

// With a spool too: while an output is behind, and after it has found what was too old gone.
func TestCountersAgreeWithSpool(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	unread, stdout, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer unread.Close()
	w := startWindowed(t, stdout, "--spool", filepath.Join(folder, "spool")+"?age=5s", "--drain-timeout", "3s",
		"--output", "stdout:?queue=64KiB", "--output", "file:"+filepath.Join(folder, "x.log"))
	stdout.Close()
	v := w.stats(t)
	c := w.dial(t, v, 1)
	defer c.Close()
	const total = 12000 // more than is fetched ahead
	out := bufio.NewWriter(c)
	for i := range total {
		fmt.Fprintf(out, "%0500d\n", i)
	}
	out.Flush()
	records := func() float64 {
		v = w.stats(t)
		spool, _, _ := spooled(v, 0)
		return spool["records"].(float64)
	}
	awaitTrue(t, "something to be stored", func() bool { return records() > 0 }) // known a second later
	awaitTrue(t, "what was stored to be too old, and an output to be behind", func() bool {
		gone := records() == 0
		_, _, file := spooled(v, 1)
		_, behind, out := spooled(v, 0)
		return gone && v["received"].(float64) == total && file["written"].(float64) == total &&
			behind["behind"].(float64) > 0 && out["written"].(float64) < total/2
	})
	b := webtest.Open(t, 1280, 1000, 0)
	b.Do(chromedp.Navigate(w.url + "/"))
	b.Until(`document.body.dataset.line === "up"`)
	w.agree(t, b)

	go io.Copy(io.Discard, unread)
	fmt.Fprintln(c, "one more")
	awaitTrue(t, "the output to know what is gone, and rest", func() bool {
		v = w.stats(t)
		_, of, out := spooled(v, 0)
		return of["missing"].(float64) > 0 && of["behind"].(float64) == 0 && out["pending"].(float64) == 0
	})
	awaitTrue(t, "rest", func() bool { return records() == 0 && v["pending"].(float64) == 0 })
	_, of, account := spooled(v, 0)
	if got := account["written"].(float64) + of["missing"].(float64); got != v["received"].(float64) {
		t.Errorf("written and missing are %v of %v messages", got, v["received"])
	}
	w.agree(t, b)
	b.NoComplaints(w.url)
}

// A spool that is full says so, and goes on when there is room.
func TestFullSpoolIsSaid(t *testing.T) {
	t.Parallel()
	b := webtest.Open(t, 1280, 1000, 0) // first, since it may skip the test
	unread, stdout, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer unread.Close()
	w := startWindowed(t, stdout, "--spool", filepath.Join(t.TempDir(), "spool")+"?size=1MiB", "--output", "stdout:?queue=64KiB")
	stdout.Close()
	c := w.dial(t, w.stats(t), 1)
	defer c.Close()
	full := func() float64 {
		for key, n := range metricsOf(w.get(t, "/metrics")) {
			if strings.HasPrefix(key, "sigio_spool_full{") {
				return n
			}
		}
		return -1
	}
	if n := full(); n != 0 {
		t.Errorf("full: %v", n)
	}
	const total = 15000 // more than the spool has room for
	go func() {
		// Who sends has to wait when the spool is full.
		sent := bufio.NewWriter(c)
		for i := range total {
			fmt.Fprintf(sent, "%0200d\n", i)
		}
		sent.Flush()
	}()
	awaitTrue(t, "a full spool", func() bool { return full() == 1 && w.stats(t)["spool"].(map[string]any)["full"] == true })
	b.Do(chromedp.Navigate(w.url + "/"))
	b.Until(`document.getElementById("spool-state").textContent.includes("full") && document.getElementById("problems").textContent.includes("spool is full")`)
	go io.Copy(io.Discard, unread)
	awaitTrue(t, "everything to go out", func() bool {
		v := w.stats(t)
		spool, _, out := spooled(v, 0)
		return out["written"].(float64) == total && spool["full"] == false
	})
	b.Until(`!document.getElementById("spool-state").textContent.includes("full") && document.getElementById("problems").hidden`)
	b.NoComplaints(w.url)
}
