package main

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// style is how characters look; it is the class of their element in the picture.
type style struct {
	bold, faint bool
	colour      string // "" for the usual one
}

func (s style) class() string {
	var class []string
	if s.bold {
		class = append(class, "bold")
	}
	if s.faint {
		class = append(class, "faint")
	}
	if s.colour != "" {
		class = append(class, s.colour)
	}
	return strings.Join(class, " ")
}

// run is characters of one style, from a column on.
type run struct {
	style
	column int
	text   string
}

// parse divides what a program printed into lines of runs, as a terminal would
// show it that has no cursor to move.
func parse(text string) (lines [][]run) {
	var s style
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		var runs []run
		column := 0
		add := func(r rune) {
			if n := len(runs); n == 0 || runs[n-1].style != s {
				runs = append(runs, run{style: s, column: column})
			}
			runs[len(runs)-1].text += string(r)
			column++
		}
		for line != "" {
			if sequence, rest, ok := escape(line); ok {
				s = s.apply(sequence)
				line = rest
				continue
			}
			r, n := utf8.DecodeRuneInString(line)
			line = line[n:]
			switch {
			case r == '\t':
				for add(' '); column%8 != 0; {
					add(' ')
				}
			case !unicode.IsControl(r):
				add(r)
			}
		}
		lines = append(lines, runs)
	}
	return lines
}

// escape cuts a control sequence (ECMA-48, "ESC [ ... letter") off the beginning.
func escape(s string) (sequence, rest string, ok bool) {
	body, ok := strings.CutPrefix(s, "\x1b[")
	if !ok {
		return "", s, false
	}
	end := strings.IndexFunc(body, func(r rune) bool { return r >= 0x40 && r <= 0x7e })
	if end < 0 {
		return "", "", true
	}
	return body[:end+1], body[end+1:], true
}

var colours = map[string]string{
	"30": "black", "31": "red", "32": "green", "33": "yellow", "34": "blue", "35": "magenta", "36": "cyan", "37": "white",
}

// apply changes the style, if the sequence is about style (SGR, "m").
func (s style) apply(sequence string) style {
	numbers, ok := strings.CutSuffix(sequence, "m")
	if !ok {
		return s
	}
	for number := range strings.SplitSeq(numbers, ";") {
		switch number {
		case "", "0":
			s = style{}
		case "1":
			s.bold = true
		case "2":
			s.faint = true
		case "22":
			s.bold, s.faint = false, false
		case "39":
			s.colour = ""
		default:
			if c := colours[number]; c != "" {
				s.colour = c
			}
		}
	}
	return s
}
