package web

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/seed-067c1534/sigio/internal/webtest"
)

// What can be checked by a program of whether everybody can use the page: names,
// landmarks, headings, contrast (WCAG 2.2: 4.5 for text, 3 for lines and borders of
// controls), the keyboard, and quiet.
func TestPageIsForEverybody(t *testing.T) {
	l := newLive(t)
	b := webtest.Open(t, 1280, 1000, 0)
	b.Do(chromedp.Navigate(l.http.URL))
	b.Until(`document.body.dataset.line === "up"`)
	waitFor(t, "the page to be known", func() bool { return l.server.tap.budget.Load() > 0 })
	l.send(t, "plain text")
	l.send(t, string(make([]byte, 5000)))
	b.Until(rowsHave("plain text"))
	b.Until(`document.querySelector('[data-explain="oversize"]') !== null`)
	for _, scheme := range []string{"light", "dark"} {
		b.Look(1280, 1000, scheme)
		b.Until(drawn)
		b.Until(`document.getAnimations().length === 0`)
		for _, c := range []struct{ what, find string }{
			{"text with too little contrast", fmt.Sprintf(faint, "4.5")},
			{"a control or a chart without a name", unnamed},
			{"a heading that skips a level", skips},
			{"a landmark that is missing", `["header", "main", "footer", "h1"].filter((n) => document.querySelectorAll("body > " + n + ", header > " + n).length !== 1)`},
			{"an element that is named but not there", `[...document.querySelectorAll("[aria-labelledby]")].map((e) => e.getAttribute("aria-labelledby")).filter((id) => !document.getElementById(id))`},
			{"a line with too little contrast", lines},
			{"an id that is there twice", `[...document.querySelectorAll("[id]")].map((e) => e.id).filter((id, i, all) => all.indexOf(id) !== i)`},
		} {
			if found := webtest.Eval[[]string](b, c.find); len(found) > 0 {
				t.Errorf("%s: %s: %q", scheme, c.what, found)
			}
		}
	}
	if len(webtest.Eval[[]string](b, fmt.Sprintf(faint, "22"))) < 20 {
		t.Error("the check of contrast sees no text")
	}
	if webtest.Eval[bool](b, `document.querySelector("#rows").closest("[aria-live], [role=log], [role=status]") !== null`) {
		t.Error("every message would be read aloud")
	}
	// The keyboard: a chart's values, the filter, the theme.
	b.Do(chromedp.Focus(chromedp.CSS(".plot")), chromedp.KeyEvent("\u0302")) // ArrowLeft
	b.Until(`document.getElementById("status").textContent.includes("POLL_IN")`)
	b.Do(chromedp.KeyEvent("/"))
	b.Until(`document.activeElement.id === "filter"`)
	b.Do(chromedp.Focus(chromedp.CSS("#theme")), chromedp.KeyEvent("\r"))
	b.Until(`document.documentElement.dataset.theme === "light" && document.getElementById("theme").textContent === "Theme: light"`)
	b.Do(chromedp.Reload())
	b.Until(`document.documentElement.dataset.theme === "light"`)
	b.NoComplaints(l.http.URL)
}

const contrast = `
	const rgb = (c) => c.match(/[\d.]+/g).map(Number);
	const level = (c) => { const [r, g, b] = c.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
	const ratio = (a, b) => { const [x, y] = [level(a.slice(0, 3)), level(b.slice(0, 3))].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
	const behind = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] === 1) return c; } return [255, 255, 255]; };
	const seen = (e) => e.checkVisibility() && e.getBoundingClientRect().width > 1;
`

const faint = `(() => {` + contrast + `
	return [...document.querySelectorAll("body *")].filter((e) => seen(e) && !e.closest("svg") && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
		.map((e) => [ratio(rgb(getComputedStyle(e).color), behind(e)), e]).filter(([r]) => r < %s)
		.map(([r, e]) => r.toFixed(2) + " " + e.tagName + "." + e.className + " " + e.textContent.slice(0, 30));
})()`

const lines = `(() => {` + contrast + `
	const card = behind(document.querySelector("figure"));
	const probe = document.body.appendChild(document.createElement("i"));
	const bad = ["--s0","--s1","--s2","--s3","--s4","--s5","--s6","--s7","--s8","--edge","--accent"].filter((name) => { probe.style.color = "var(" + name + ")"; return ratio(rgb(getComputedStyle(probe).color), card) < 3; });
	probe.remove();
	return bad;
})()`

const unnamed = `[...document.querySelectorAll("button, input, a, summary, dialog, [role=img], [role=region]")]
	.filter((e) => !(e.textContent.trim() || e.getAttribute("aria-label") || e.getAttribute("aria-labelledby") || e.labels?.length)).map((e) => e.outerHTML.slice(0, 60))`

const skips = `[...document.querySelectorAll("h1, h2, h3, h4")].filter((e) => e.checkVisibility()).map((e) => Number(e.tagName[1]))
	.filter((n, i, all) => n > (all[i - 1] ?? 0) + 1).map(String)`
