package web

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/seed-067c1534/sigio/internal/webtest"
	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/output"
	"github.com/seed-067c1534/sigio/receiver"
)

// With -screenshots DIR the test of the pictures keeps them there; -for is how long
// there is traffic before they are taken.
var (
	screenshots   = flag.String("screenshots", "", "write screenshots of the page to this `folder`")
	trafficBefore = flag.Duration("for", 2*time.Second, "traffic before the screenshots")
)

// live is a real receiver with its page.
type live struct {
	*receiver.Receiver
	server *Server
	http   *httptest.Server
	sink   *sink
	conn   net.Conn
	spool  atomic.Pointer[Spool] // of the account
}

// sink is where messages go, and can be made to fail.
type sink struct {
	mu  sync.Mutex
	err error
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return 0, s.err
	}
	return len(p), nil
}

func (s *sink) fail(err error) { s.mu.Lock(); s.err = err; s.mu.Unlock() }

func newLive(t *testing.T) *live {
	t.Helper()
	l := &live{sink: &sink{}}
	writer := output.NewWriter(l.sink, output.Options{Persist: true, DropOldest: true, Format: message.AppendText})
	var r *receiver.Receiver
	known := make(chan struct{})
	l.server, _ = newServer(t, Config{Account: func() Account {
		<-known
		s := writer.Stats()
		o := Output{Name: "file:messages.log", Written: s.Written, WrittenBytes: s.WrittenBytes, Lost: s.Lost, LostBy: s.LostBy.ByCause(),
			Pending: s.Pending, PendingBytes: s.PendingBytes, Retries: s.Retries, Stalled: s.Stalled}
		if s.LastError != nil {
			o.LastError = s.LastError.Error()
		}
		return Account{At: time.Now(), Stats: r.Stats(), Outputs: []Output{o}, Spool: l.spool.Load()}
	}})
	cfg := receiver.Config{Listen: []string{"udp://127.0.0.1:0", "tcp://127.0.0.1:0"}, Output: l.server.Tap(writer), MaxMessage: 4096}
	cfg.Loop.Observe = l.server.Observe
	var err error
	if r, err = receiver.New(cfg); err != nil {
		t.Fatal(err)
	}
	close(known)
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	l.Receiver = r
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), fatalTime)
		defer cancel()
		l.sink.fail(nil)
		if err := r.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := writer.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	l.conn = l.dial(t, 0)
	l.http = httptest.NewServer(l.server.Handler())
	t.Cleanup(l.http.Close)
	t.Cleanup(func() { l.server.hub.close() }) // before http.Close, which waits for requests
	return l
}

func (l *live) dial(t *testing.T, listener int) net.Conn {
	t.Helper()
	u, err := url.Parse(l.Stats().Listeners[listener].Address)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial(u.Scheme, u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func (l *live) send(t *testing.T, text string) {
	t.Helper()
	if _, err := io.WriteString(l.conn, text); err != nil {
		t.Fatal(err)
	}
}

// rowsHave is a JavaScript expression: some message is exactly text.
func rowsHave(text string) string {
	return fmt.Sprintf(`[...document.querySelectorAll("#rows td:nth-child(4)")].some((e) => e.firstChild.data === %q)`, text)
}

func TestPage(t *testing.T) {
	t.Parallel()
	l := newLive(t)
	b := webtest.Open(t, 1280, 1000, *trafficBefore)
	b.Do(chromedp.Navigate(l.http.URL))
	b.Until(`document.getElementById("line").textContent === "live"`)
	waitFor(t, "the page to be known", func() bool { return l.server.tap.budget.Load() > 0 })

	// An empty page says what it waits for.
	b.Until(`document.getElementById("empty-text").textContent === "Waiting for the first message." && document.querySelectorAll(".nothing:not([hidden])").length >= 2`)
	if how := webtest.Eval[string](b, `document.getElementById("how-text").textContent`); !strings.Contains(how, "'"+l.Stats().Listeners[0].Address+"'") {
		t.Errorf("the page says to send by %s", how)
	}
	l.send(t, `{"send_user":"ann","send_time":"12:00","send_msg":"good morning"}`)
	b.Until(rowsHave("good morning"))

	// What a sender writes is text, whatever it looks like.
	l.send(t, `{"send_user":"<b>eve</b>","send_time":"","send_msg":"<script>window.hit=1</script><img src=x onerror='window.hit=1'>"}`)
	b.Until(rowsHave(`<script>window.hit=1</script><img src=x onerror='window.hit=1'>`))
	l.send(t, "\x1b[31mred\x1b[0m \u202edesrever")
	b.Until(rowsHave(`\x1b[31mred\x1b[0m \u202edesrever`))
	if webtest.Eval[bool](b, `window.hit === 1 || document.querySelector("#rows script, #rows img, #rows b") !== null`) {
		t.Error("a message became markup")
	}

	// The filter and the pause.
	b.Do(chromedp.SendKeys(chromedp.CSS("#filter"), "MORNING"))
	b.Until(`document.getElementById("rows").childElementCount === 1`)
	b.Do(chromedp.Evaluate[chromedp.Void](`document.getElementById("filter").value = ""; document.getElementById("filter").dispatchEvent(new Event("input"))`))
	b.Until(`document.getElementById("rows").childElementCount === 3`)
	b.Click("#pause")
	l.send(t, "while paused")
	b.Until(`document.getElementById("sampling").textContent.startsWith("Paused; 1 more")`)
	if webtest.Eval[bool](b, rowsHave("while paused")) {
		t.Error("a message was shown while paused")
	}
	b.Click("#pause")
	b.Until(rowsHave("while paused"))

	// The account, the charts, an explanation.
	b.Until(`document.getElementById("received").textContent === "4" && document.getElementById("delivered").textContent === "4"`)
	b.Until(drawn)
	b.Until(`document.querySelector('[data-explain="POLL_IN"] strong') !== null`)
	b.Click(`[data-explain="POLL_IN"]`)
	b.Until(`document.getElementById("explain").open && document.getElementById("explain-body").textContent.includes("There is probably something to read") && document.getElementById("explain-body").textContent.includes("sigio trace udp-datagram")`)
	b.Do(chromedp.KeyEvent("\x1b"))
	b.Until(`!document.getElementById("explain").open && document.activeElement.dataset.explain === "POLL_IN"`)

	// A loss is named, with its remedy.
	l.send(t, strings.Repeat("x", 5000))
	b.Until(`document.getElementById("losses").textContent.includes("oversize") && document.getElementById("losses").textContent.includes("--max-message")`)
	b.Until(`document.querySelector('[data-explain="oversize"]') !== null`)

	// Why a connection has ended.
	c := l.dial(t, 1)
	fmt.Fprintln(c, "over tcp")
	c.Close()
	b.Until(`document.querySelector('#ends [data-explain="ended"] strong')?.textContent === "1"`)
	b.Click(`#ends [data-explain="ended"]`)
	b.Until(`document.getElementById("explain").open && document.getElementById("explain-body").textContent.includes("The peer ended it in order.")`)
	b.Click("#close")

	// A spool, and what it has lost.
	l.spool.Store(spoolOfTests)
	b.Until(`!document.getElementById("spool").hidden && document.getElementById("spool-state").textContent.startsWith("It is full") && document.getElementById("losses").textContent.includes("gone from the spool, at file:messages.log")`)
	l.spool.Store(nil)
	b.Until(`document.getElementById("spool").hidden && !document.getElementById("losses").textContent.includes("spool")`)

	// An output that fails is said.
	l.sink.fail(fmt.Errorf("no space left on device"))
	l.send(t, "kept")
	b.Until(`document.getElementById("problems").textContent.includes("stalled: no space left on device") && !document.getElementById("problems").hidden && document.getElementById("phase").textContent === "not ready"`)
	l.sink.fail(nil)
	b.Until(`document.getElementById("problems").hidden && document.getElementById("phase").textContent === "serving"`)
	b.NoComplaints(l.http.URL)
}

var spoolOfTests = &Spool{Name: "/var/spool/sigio", Full: true, Records: 7, Bytes: 5 << 20, MaxBytes: 5 << 20, Oldest: 1_795_553_262,
	Outputs: []SpoolOutput{{Name: "file:messages.log", Behind: 7, Missing: 3}}}

// drawn says that every chart's canvas has something on it, and that the first one
// has the colour of its line.
const drawn = `(() => {
	const all = [...document.querySelectorAll(".plot canvas")];
	const pixels = (c) => c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
	const blank = (c) => pixels(c).every((v) => v === 0);
	const line = getComputedStyle(document.documentElement).getPropertyValue("--s0").trim();
	const [r, g, b] = [1, 3, 5].map((i) => parseInt(line.slice(i, i + 2), 16));
	const has = (c) => { const p = pixels(c); for (let i = 0; i < p.length; i += 4) if (p[i] === r && p[i+1] === g && p[i+2] === b && p[i+3] === 255) return true; return false; };
	return all.length === 4 && !all.some(blank) && has(all[0]);
})()`

func TestPageReconnects(t *testing.T) {
	t.Parallel()
	l := newLive(t)
	b := webtest.Open(t, 1280, 1000, *trafficBefore)
	b.Do(chromedp.Navigate(l.http.URL))
	b.Until(`document.body.dataset.line === "up"`)
	l.send(t, "before")
	b.Until(`document.getElementById("received").textContent === "1"`)
	b.Do(chromedp.Evaluate[chromedp.Void](`new MutationObserver(() => { if (document.body.dataset.line === "down") window.said = document.title + " " + document.getElementById("lost").innerText; }).observe(document.body, {attributes: true})`))
	l.http.CloseClientConnections()
	b.Until(`window.said !== undefined`)
	if said := webtest.Eval[string](b, `window.said`); !strings.HasPrefix(said, "▲ connection lost") || !strings.Contains(said, "What is shown is from ") {
		t.Errorf("without a connection the page says %q", said)
	}
	b.Until(`document.body.dataset.line === "up" && document.getElementById("lost").hidden && document.title === "sigio" && document.getElementById("line").textContent === "live"`)
	waitFor(t, "the page to be known", func() bool { return l.server.hub.viewers() == 1 && l.server.tap.budget.Load() > 0 })
	l.send(t, "after")
	b.Until(rowsHave("after"))
	b.NoComplaints(l.http.URL)
}

func TestScreenshots(t *testing.T) {
	t.Parallel()
	folder := *screenshots
	if folder == "" {
		folder = t.TempDir()
	}
	l := newLive(t)
	b := webtest.Open(t, 1280, 1000, *trafficBefore)
	b.Do(chromedp.Navigate(l.http.URL))
	b.Until(`document.body.dataset.line === "up"`)
	stop := time.Now().Add(*trafficBefore)
	stream := l.dial(t, 1)
	for i := 0; time.Now().Before(stop); i++ {
		wave := 20 + 15*((i/300)%4)
		for n := range wave {
			l.send(t, fmt.Sprintf(`{"send_user":"%s","send_time":"%s","send_msg":"%s"}`, users[(i+n)%len(users)], time.Now().Format(time.DateTime), texts[(i*7+n)%len(texts)]))
		}
		if i%5 == 0 {
			fmt.Fprintf(stream, `{"send_user":"gate-%d","send_time":"%s","send_msg":"%s"}`+"\n", i%4, time.Now().Format(time.DateTime), texts[i%len(texts)])
		}
		if i%400 == 150 {
			l.send(t, strings.Repeat("x", 5000))
		}
		if i%97 == 0 {
			c := l.dial(t, 1)
			fmt.Fprintf(c, "<13>a line without an end, \x1b[1mbold\x1b[0m")
			c.Close()
		}
		time.Sleep(10 * time.Millisecond) // paces the traffic; nothing is waited for
	}
	for _, c := range []struct {
		name, theme   string
		width, height int64
	}{{"live-light.png", "light", 1280, 1300}, {"live-dark.png", "dark", 1280, 1300}, {"live-narrow.png", "dark", 390, 1800}} {
		b.Look(c.width, c.height, c.theme)
		l.send(t, `{"send_user":"ann","send_time":"now","send_msg":"good morning"}`)
		b.Until(drawn)
		b.Until("document.getAnimations().length === 0")
		if webtest.Eval[bool](b, `document.documentElement.scrollWidth > innerWidth`) {
			t.Errorf("%s: the page is wider than its window: %v", c.name, webtest.Eval[[]string](b, wider))
		}
		png := b.Screenshot()
		if err := os.WriteFile(filepath.Join(folder, c.name), png, 0o644); err != nil {
			t.Fatal(err)
		}
		if len(png) > 200_000 {
			t.Errorf("%s has %d bytes, want less than 200,000", c.name, len(png))
		}
	}
	b.NoComplaints(l.http.URL)
}

// wider names the elements that are wider than the window.
const wider = `[...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".scroll")).map((e) => e.tagName + "." + e.className + "#" + e.id).slice(0, 8)`

var users = []string{"ann", "ben", "chi", "dora", "emil"}

var texts = []string{
	"the kettle is on", "door 4 opened", "temperature 21.4", "backup finished in 38 s", "pump 2 off",
	"new reading from the roof", "someone rang the bell", "queue empty again", "all quiet on line 7",
}
