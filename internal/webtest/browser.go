// Package webtest is for tests alone: a page in a real headless Chromium.
package webtest

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// fatalTime is how long to wait for what must happen. It only passes in a failure.
const fatalTime = time.Minute

// Browser is a tab of a headless Chromium, with what it asked for and complained of.
// Its methods end the test if something goes wrong.
type Browser struct {
	t   *testing.T
	ctx context.Context

	media map[string]string // what the system wants

	mu     sync.Mutex
	asked  []string
	failed []string
}

// Open starts a browser, which is ended with the test. It skips the test where there
// is none. The browser is given up after a time, plus more.
func Open(t *testing.T, width, height int, more time.Duration) *Browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("chromium is not installed")
	}
	if testing.Short() {
		t.Skip("not with -short: a browser takes seconds")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute+more)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.WindowSize(width, height), chromedp.Flag("disable-background-networking", true))
	allocated, free := chromedp.NewExecAllocator(ctx, options...)
	tab, end := chromedp.NewContext(allocated)
	b := &Browser{t: t, ctx: tab, media: map[string]string{}}
	t.Cleanup(func() {
		if err := chromedp.Cancel(tab); err != nil {
			t.Log(err)
		}
		end()
		free()
		cancel()
	})
	if err := chromedp.Listen(tab, b.listen); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(tab, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *Browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.asked = append(b.asked, e.Request.URL)
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			text += " " + x.Description
		}
		b.failed = append(b.failed, text)
	case *cdplog.EventEntryAdded: // a broken security policy too
		if e.Entry.Level == cdplog.EntryLevelError && !strings.Contains(e.Entry.Text, "net::ERR_") {
			b.failed = append(b.failed, e.Entry.Text+" "+e.Entry.URL)
		}
	}
}

// Do runs actions.
func (b *Browser) Do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// Eval runs JavaScript in the page and returns its value.
func Eval[T any](b *Browser, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// Click clicks on what a CSS selector finds, which must be there and visible.
func (b *Browser) Click(selector string) {
	b.t.Helper()
	b.Do(chromedp.Click(chromedp.CSS(selector)))
}

// Until waits until an expression is true.
func (b *Browser) Until(expression string) {
	b.t.Helper()
	deadline := time.Now().Add(fatalTime)
	for !Eval[bool](b, expression) {
		if time.Now().After(deadline) {
			text := Eval[string](b, "document.body.innerText")
			b.mu.Lock()
			defer b.mu.Unlock()
			b.t.Fatalf("waited %v for %s\nerrors: %q\nasked: %q\npage:\n%s", fatalTime, expression, b.failed, b.asked, text)
		}
		b.Do(chromedp.Sleep(50 * time.Millisecond))
	}
}

// Look sets the size of the window and the colour scheme that the system wants.
func (b *Browser) Look(width, height int64, scheme string) {
	b.t.Helper()
	size := emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1}
	if _, err := chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride, size); err != nil {
		b.t.Fatal(err)
	}
	b.Prefer("prefers-color-scheme", scheme)
	b.Until(fmt.Sprintf("innerWidth === %d", width))
}

// Prefer sets what the system wants of a media feature, such as prefers-reduced-motion.
func (b *Browser) Prefer(feature, value string) {
	b.t.Helper()
	b.media[feature] = value
	var media emulation.SetEmulatedMediaParams
	for name, value := range b.media {
		media.Features = append(media.Features, &emulation.MediaFeature{Name: name, Value: value})
	}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, media); err != nil {
		b.t.Fatal(err)
	}
	b.Until(fmt.Sprintf("matchMedia('(%s: %s)').matches", feature, value))
}

// Screenshot returns a PNG of the window.
func (b *Browser) Screenshot() []byte {
	b.t.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	return png
}

// NoComplaints fails the test if a script failed, the security policy was broken, or
// another origin was asked for something.
func (b *Browser) NoComplaints(origin string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.failed {
		b.t.Errorf("the page complains: %s", f)
	}
	for _, u := range b.asked {
		if !strings.HasPrefix(u, origin+"/") {
			b.t.Errorf("the page asked another origin: %s", u)
		}
	}
	if len(b.asked) < 10 {
		b.t.Errorf("saw %d requests only: %q", len(b.asked), b.asked)
	}
}
