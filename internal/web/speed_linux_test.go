package web

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/seed-067c1534/sigio/internal/webtest"
)

// At 100,000 messages a second, or what the machine can, the page shows a sample and says so, and
// what it takes does not grow. With SIGIO_SOAK it is looked at for three minutes.
func TestPageAtSpeed(t *testing.T) {
	total := 6 * time.Second
	if os.Getenv("SIGIO_SOAK") != "" {
		total = 3 * time.Minute
	}
	l := newLive(t)
	b := webtest.Open(t, 1280, 1000, total)
	b.Do(chromedp.Navigate(l.http.URL))
	b.Until(`document.body.dataset.line === "up"`)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		const every, batch = 2 * time.Millisecond, 200
		tick := time.NewTicker(every)
		defer tick.Stop()
		for n := 0; ; {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			for range batch {
				n++
				fmt.Fprintf(l.conn, `{"send_user":"%s","send_time":"%d","send_msg":"%s"}`, users[n%len(users)], n, texts[n%len(texts)])
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-stopped })
	b.Until(`/^A sample: [\d,]+ of [\d.]+K messages in the last (second|\d seconds), at most 200 in a second\. The counters count all\.$/.test(document.getElementById("sampling").textContent)`)
	b.Do(chromedp.Sleep(total / 3)) // until its lists are full

	// The filter and the pause go on working meanwhile.
	b.Do(chromedp.SendKeys(chromedp.CSS("#filter"), "kettle"))
	b.Until(`[...document.querySelectorAll("#rows tr")].length > 0 && [...document.querySelectorAll("#rows tr")].every((r) => r.textContent.includes("kettle"))`)
	b.Until(`document.getElementById("sampling").textContent.endsWith("The filter looks through the sample.")`)
	b.Do(chromedp.Evaluate[chromedp.Void](`document.getElementById("filter").value = ""; document.getElementById("filter").dispatchEvent(new Event("input"))`))
	b.Click("#pause")
	first := webtest.Eval[string](b, `document.getElementById("rows").innerText`)
	b.Until(`/^Paused; [\d,]{3,} more were shown/.test(document.getElementById("sampling").textContent)`)
	if webtest.Eval[string](b, `document.getElementById("rows").innerText`) != first {
		t.Error("the messages changed while they were paused")
	}
	b.Click("#pause")
	b.Until(`!document.getElementById("sampling").textContent.startsWith("Paused")`)

	before, at := b.Usage(), time.Now()
	received := l.Stats().Received
	b.Do(chromedp.Sleep(total * 2 / 3))
	after, seconds := b.Usage(), time.Since(at).Seconds()
	rate := float64(l.Stats().Received-received) / seconds
	t.Logf("%.0f messages a second; heap %.2f MB, then %.2f MB; nodes %.0f, then %.0f; the page's main thread is busy for %.0f %% of the time",
		rate, before.Heap/1e6, after.Heap/1e6, before.Nodes, after.Nodes, 100*(after.Seconds-before.Seconds)/seconds)
	if after.Heap > before.Heap+2e6 || after.Heap > 20e6 {
		t.Errorf("the heap grows: %.0f bytes, then %.0f", before.Heap, after.Heap)
	}
	if after.Nodes > before.Nodes+2000 {
		t.Errorf("the document grows: %.0f nodes, then %.0f", before.Nodes, after.Nodes)
	}
	if n := webtest.Eval[int](b, `document.getElementById("rows").childElementCount`); n == 0 || n > 200 {
		t.Errorf("%d messages are on the page", n)
	}
	if rate < 5000 {
		t.Errorf("%.0f messages a second are too few for a test of speed", rate)
	}
	b.NoComplaints(l.http.URL)
}
