package report

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// canvas collects the elements of an SVG.
type canvas struct {
	width, height float64
	body          strings.Builder
}

func (c *canvas) line(x1, y1, x2, y2 float64, color string, width float64) {
	fmt.Fprintf(&c.body, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-width=\"%g\"/>\n", x1, y1, x2, y2, color, width)
}

func (c *canvas) box(x, y, width, height float64, color string) {
	fmt.Fprintf(&c.body, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n", x, y, width, height, color)
}

func (c *canvas) dot(x, y float64, color string) {
	fmt.Fprintf(&c.body, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", x, y, color)
}

// text writes at a point; anchor is start, middle or end.
func (c *canvas) text(x, y float64, anchor, text string) {
	fmt.Fprintf(&c.body, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor)
	xml.EscapeText(&c.body, []byte(text))
	c.body.WriteString("</text>\n")
}

// String is the file. Its background is white, so that it can be read on a dark
// page as well.
func (c *canvas) String() string {
	return fmt.Sprintf("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" font-family=\"sans-serif\" font-size=\"12\">\n"+
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n%s</svg>\n", c.width, c.height, c.body.String())
}

const (
	ink  = "#333"
	grid = "#ddd"
)

// colors tell contestants apart.
var colors = []string{
	"#d62728", "#ff7f0e", "#1f77b4", "#2ca02c", "#9467bd", "#8c564b", "#e377c2", "#17becf", "#bcbd22", "#7f7f7f",
	"#393b79", "#637939", "#8c6d31", "#843c39",
}
