package main

import (
	"encoding/xml"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Measures in the picture's own units, which are pixels at its usual size.
const (
	fontSize   = 13
	charWidth  = 7.8 // each run is told its length, so that any font keeps the columns
	lineHeight = 18
	margin     = 16
	titleSize  = 30
	leastWidth = 40 // columns
)

const rules = `
  text { font: 13px ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #e6edf3; white-space: pre; }
  .bold { font-weight: bold; }
  .faint { fill: #9198a1; }
  .black { fill: #6e7681; }
  .red { fill: #ff7b72; }
  .green { fill: #7ee787; }
  .yellow { fill: #e3b341; }
  .blue { fill: #79c0ff; }
  .magenta { fill: #d2a8ff; }
  .cyan { fill: #76e3ea; }
  .white { fill: #ffffff; }
`

// draw returns the picture of a terminal in which command has printed text.
func draw(command, text string) string {
	lines := parse(text)
	columns := max(leastWidth, utf8.RuneCountInString(command)+2)
	for _, runs := range lines {
		if n := len(runs); n > 0 {
			columns = max(columns, runs[n-1].column+utf8.RuneCountInString(runs[n-1].text))
		}
	}
	top := margin
	if command != "" {
		top += titleSize
	}
	width := 2*margin + int(float64(columns)*charWidth+0.5)
	height := top + len(lines)*lineHeight + margin

	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" xml:space="preserve">`+"\n",
		width, height, width, height)
	if command != "" {
		fmt.Fprintf(&b, "<title>%s</title>\n", quote("What "+command+" printed"))
	}
	fmt.Fprintf(&b, "<style>%s</style>\n", rules)
	fmt.Fprintf(&b, `<rect x="0.5" y="0.5" width="%d" height="%d" rx="8" fill="#0d1117" stroke="#6e7681"/>`+"\n", width-1, height-1)
	if command != "" {
		fmt.Fprintf(&b, `<path d="M0.5 %dH%d" stroke="#30363d"/>`+"\n", titleSize, width-1)
		b.WriteString(element(run{style: style{faint: true}, text: "$ "}, 20))
		b.WriteString(element(run{style: style{bold: true}, column: 2, text: command}, 20))
	}
	for i, runs := range lines {
		for _, r := range runs {
			b.WriteString(element(r, top+i*lineHeight+fontSize))
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// element is a run at its place. Blanks at its ends need not be drawn.
func element(r run, y int) string {
	text := strings.TrimLeft(r.text, " ")
	column := r.column + len(r.text) - len(text)
	text = strings.TrimRight(text, " ")
	if text == "" {
		return ""
	}
	class := r.class()
	if class != "" {
		class = fmt.Sprintf(` class="%s"`, class)
	}
	return fmt.Sprintf(`<text x="%.1f" y="%d" textLength="%.1f"%s>%s</text>`+"\n",
		margin+float64(column)*charWidth, y, float64(utf8.RuneCountInString(text))*charWidth, class, quote(text))
}

func quote(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		panic(err) // a Builder takes everything
	}
	return b.String()
}
