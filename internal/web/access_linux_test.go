package web

import (
	"fmt"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/seed-067c1534/sigio/internal/webtest"
)

// What can be checked by a program of whether everybody can use the page, in all its states: names,
// landmarks, headings, contrast (WCAG 2.2: 4.5 for text, 3 for lines and borders of controls), no
// sideways scrolling on a phone, the keyboard, and quiet.
func TestPageIsForEverybody(t *testing.T) {
	t.Parallel()
	l := newLive(t)
	b := webtest.Open(t, 1280, 1000, 0)
	b.Do(chromedp.Navigate(l.http.URL))
	b.Until(`document.body.dataset.line === "up"`)
	usable(t, b, "empty")

	waitFor(t, "the page to be known", func() bool { return l.server.tap.budget.Load() > 0 })
	l.send(t, "plain text")
	l.send(t, string(make([]byte, 5000)))
	c := l.dial(t, 1)
	fmt.Fprintln(c, "over tcp")
	c.Close()
	l.spool.Store(spoolOfTests)
	b.Until(rowsHave("plain text"))
	b.Until(`document.querySelectorAll('.plot ~ ul [data-explain="oversize"], [data-explain="ended"]').length === 2 && !document.getElementById("spool").hidden`)
	b.Do(chromedp.Evaluate[chromedp.Void](`document.getElementById("all").open = true`))
	b.Until(drawn)
	usable(t, b, "in use")
	if webtest.Eval[bool](b, `document.querySelector("#rows").closest("[aria-live], [role=log], [role=status]") !== null`) {
		t.Error("every message would be read aloud")
	}
	keyboard(t, b)
	b.Click(`[data-explain="POLL_IN"]`)
	b.Until(`document.getElementById("explain").open`)
	usable(t, b, "explaining")
	b.Do(chromedp.KeyEvent("\x1b"))

	l.sink.fail(fmt.Errorf("no space left on device"))
	l.send(t, "kept")
	b.Until(`!document.getElementById("problems").hidden`)
	usable(t, b, "not ready")
	l.sink.fail(nil)
	b.NoComplaints(l.http.URL)
	l.server.hub.close()
	b.Until(`document.body.dataset.line === "down"`)
	usable(t, b, "without a connection")
}

// usable looks at the page as it is, in both colour schemes and on a phone.
func usable(t *testing.T, b *webtest.Browser, state string) {
	t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{1280, 390} {
			b.Look(width, 1000, scheme)
			b.Until(`document.getAnimations().length === 0`)
			for _, c := range []struct{ what, find string }{
				{"text with too little contrast", fmt.Sprintf(faint, "4.5")},
				{"a heading that skips a level", skips},
				{"a landmark that is missing", `["header", "main", "footer", "h1"].filter((n) => document.querySelectorAll("body > " + n + ", header > " + n).length !== 1)`},
				{"an element that is named but not there", `[...document.querySelectorAll("[aria-labelledby], [aria-describedby]")].flatMap((e) => [e.getAttribute("aria-labelledby"), e.getAttribute("aria-describedby")]).filter((id) => id && !document.getElementById(id))`},
				{"a line with too little contrast", lines},
				{"an id that is there twice", `[...document.querySelectorAll("[id]")].map((e) => e.id).filter((id, i, all) => all.indexOf(id) !== i)`},
				{"something wider than the window", `document.documentElement.scrollWidth > innerWidth ? ` + wider + `.concat("page") : []`},
				{"something small to click on", small},
			} {
				if found := webtest.Eval[[]string](b, c.find); len(found) > 0 {
					t.Errorf("%s, %s, %d wide: %s: %q", state, scheme, width, c.what, found)
				}
			}
		}
	}
	if n := len(webtest.Eval[[]string](b, fmt.Sprintf(faint, "22"))); n < 8 {
		t.Errorf("the check of contrast sees %d texts only", n)
	}
	b.Look(1280, 1000, "light")
	named := 0
	for _, a := range b.Accessibility() {
		if slices.Contains([]string{"button", "link", "searchbox", "textbox", "DisclosureTriangle", "img", "image", "region", "dialog", "meter", "columnheader", "heading", "figure"}, a.Role) {
			named++
			if a.Name == "" && a.Role != "figure" {
				t.Errorf("%s: a %s has no name for a screen reader", state, a.Role)
			}
		}
	}
	if named < 8 {
		t.Errorf("%s: a screen reader finds %d things only", state, named)
	}
}

// keyboard goes through the page by it alone.
func keyboard(t *testing.T, b *webtest.Browser) {
	t.Helper()
	want := webtest.Eval[[]string](b, reachable)
	b.Do(chromedp.Evaluate[chromedp.Void](`document.activeElement.blur(); getSelection().removeAllRanges()`))
	var got []string
	for range len(want) + 5 {
		b.Do(chromedp.KeyEvent("\t"))
		at := webtest.Eval[string](b, `document.activeElement === document.body ? "" : (`+naming+`)(document.activeElement)`)
		if at == "" || len(got) > 0 && at == got[0] {
			break
		}
		got = append(got, at)
		if !webtest.Eval[bool](b, `(() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2; })()`) {
			t.Errorf("it is not seen that %s has the keyboard", at)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("Tab goes to\n%q\nwant, in the order of the page,\n%q", got, want)
	}
	if len(want) < 25 {
		t.Errorf("%d things can be reached only", len(want))
	}

	// A chart's values, the filter, the theme.
	b.Do(chromedp.Focus(chromedp.CSS(".plot")), chromedp.KeyEvent("\u0302")) // ArrowLeft
	b.Until(`document.getElementById("status").textContent.includes("POLL_IN")`)
	b.Do(chromedp.KeyEvent("/"))
	b.Until(`document.activeElement.id === "filter"`)
	for _, name := range []string{"light", "dark", "system"} {
		b.Do(chromedp.Focus(chromedp.CSS("#theme")), chromedp.KeyEvent("\r"))
		b.Until(fmt.Sprintf(`(document.documentElement.dataset.theme ?? "system") === %q && document.getElementById("theme").textContent === "Theme: %[1]s"`, name))
	}
	b.Click("#theme")
	b.Do(chromedp.Reload())
	b.Until(`document.documentElement.dataset.theme === "light" && document.body.dataset.line === "up"`)
	b.Click("#theme")
	b.Click("#theme")
	b.Until(`document.documentElement.dataset.theme === undefined && document.querySelector('[data-explain="POLL_IN"] strong') !== null`)

	// Nothing moves for those who do not want that.
	const moving = `[...document.querySelectorAll("*")].filter((e) => parseFloat(getComputedStyle(e).transitionDuration) > 0 || getComputedStyle(e).animationName !== "none").map((e) => e.tagName)`
	b.Prefer("prefers-reduced-motion", "no-preference")
	if len(webtest.Eval[[]string](b, moving)) == 0 {
		t.Error("the check of motion sees nothing")
	}
	b.Prefer("prefers-reduced-motion", "reduce")
	if found := webtest.Eval[[]string](b, moving); len(found) > 0 {
		t.Errorf("moves all the same: %q", found)
	}
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

// small are targets below 24 by 24 pixels (WCAG 2.2, 2.5.8), but links in a line of text.
const small = `[...document.querySelectorAll("button, input, summary")].filter((e) => e.checkVisibility()).map((e) => [e, e.getBoundingClientRect()])
	.filter(([, r]) => r.width < 24 || r.height < 24).map(([e, r]) => e.outerHTML.slice(0, 40) + " " + r.width + "x" + r.height)`

const naming = `(e) => e.tagName + " " + (e.id || e.getAttribute("aria-labelledby") || e.dataset.explain || (e.getAttribute("aria-label") ?? "").slice(0, 12) || e.textContent.slice(0, 20))`

// reachable is what a keyboard should come to.
const reachable = `[...document.querySelectorAll("a[href], button, input, summary, [tabindex='0']")].filter((e) => e.checkVisibility()).map(` + naming + `)`

const skips = `[...document.querySelectorAll("h1, h2, h3, h4")].filter((e) => e.checkVisibility()).map((e) => Number(e.tagName[1]))
	.filter((n, i, all) => n > (all[i - 1] ?? 0) + 1).map(String)`
