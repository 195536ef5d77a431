package main

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// colour is the value of --color.
var colour = "auto"

// terminal returns whether f is one, and how many columns it has.
func terminal(f any) (columns int, ok bool) {
	file, ok := f.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return 80, false
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil || columns < 20 {
		columns = 80
	}
	return columns, true
}

// paint colours text. Its zero value leaves it as it is.
type paint struct{ on bool }

// painter returns what is right for w: colours on a terminal that knows them,
// unless the user said otherwise (https://no-color.org).
func painter(w io.Writer) paint {
	switch colour {
	case "always":
		return paint{true}
	case "never":
		return paint{}
	}
	_, isTerminal := terminal(w)
	return paint{isTerminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func (p paint) code(sgr, s string) string {
	if !p.on || s == "" {
		return s
	}
	return "\x1b[" + sgr + "m" + s + "\x1b[0m"
}

func (p paint) bold(s string) string   { return p.code("1", s) }
func (p paint) faint(s string) string  { return p.code("2", s) }
func (p paint) red(s string) string    { return p.code("31", s) }
func (p paint) green(s string) string  { return p.code("32", s) }
func (p paint) yellow(s string) string { return p.code("33", s) }
func (p paint) cyan(s string) string   { return p.code("36", s) }

// width is that of every text which is not a table: fit for 80 columns.
const width = 79

// wrap breaks text between words so that no line is longer than columns, unless a
// word is, and puts indent in front of each line.
func wrap(text, indent string, columns int) string {
	var out strings.Builder
	used := 0
	for _, word := range strings.Fields(text) {
		switch n := len([]rune(word)); {
		case used == 0:
			out.WriteString(indent)
			used = len(indent) + n
		case used+1+n > columns:
			out.WriteString("\n" + indent)
			used = len(indent) + n
		default:
			out.WriteByte(' ')
			used += 1 + n
		}
		out.WriteString(word)
	}
	if used > 0 {
		out.WriteByte('\n')
	}
	return out.String()
}
