package webtest

import (
	"encoding/json"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"
)

// Usage is what a page takes.
type Usage struct {
	Heap    float64 // bytes of JavaScript's values, after a collection of garbage
	Nodes   float64 // of the document, and those that are not in it any more
	Seconds float64 // that its main thread has worked, since it was opened
}

// Usage collects garbage and measures.
func (b *Browser) Usage() (u Usage) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, performance.Enable, performance.EnableParams{})
	if err == nil {
		_, err = chromedp.Call(b.ctx, heapprofiler.CollectGarbage, cdp.Empty{})
	}
	var r performance.GetMetricsResult
	if err == nil {
		r, err = chromedp.Call(b.ctx, performance.GetMetrics, cdp.Empty{})
	}
	if err != nil {
		b.t.Fatal(err)
	}
	for _, m := range r.Metrics {
		switch m.Name {
		case "JSHeapUsedSize":
			u.Heap = m.Value
		case "Nodes":
			u.Nodes = m.Value
		case "TaskDuration":
			u.Seconds = m.Value
		}
	}
	return u
}

// Accessible is something on the page as a screen reader has it.
type Accessible struct{ Role, Name string }

// Accessibility returns the accessibility tree, without its form.
func (b *Browser) Accessibility() (list []Accessible) {
	b.t.Helper()
	r, err := chromedp.Call(b.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		b.t.Fatal(err)
	}
	text := func(v *accessibility.Value) (s string) {
		if v != nil && json.Unmarshal(v.Value, &s) != nil {
			b.t.Fatalf("%s is no text", v.Value)
		}
		return s
	}
	for _, n := range r.Nodes {
		if !n.Ignored {
			list = append(list, Accessible{text(n.Role), text(n.Name)})
		}
	}
	return list
}
