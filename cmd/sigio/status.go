package main

import (
	"fmt"
	"io"
	"os"
	"sync"
)

// statusLine is a line at the bottom of a terminal that is written anew again and
// again. Where stderr is no terminal, or one that cannot rewrite a line, it shows
// nothing.
type statusLine struct {
	out  io.Writer
	live bool

	mu    sync.Mutex
	shown bool
}

func newStatusLine(out io.Writer) *statusLine {
	_, isTerminal := terminal(out)
	return &statusLine{out: out, live: isTerminal && os.Getenv("TERM") != "dumb"}
}

// set shows text in place of what the line showed before.
func (l *statusLine) set(text string) {
	if !l.live {
		return
	}
	columns, _ := terminal(l.out)
	if letters := []rune(text); len(letters) >= columns {
		text = string(letters[:columns-1]) // a longer one would go on in a second line
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.out, "\r\x1b[K%s", text)
	l.shown = true
}

// clear makes room for other output.
func (l *statusLine) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wipe()
}

func (l *statusLine) wipe() {
	if l.shown {
		fmt.Fprint(l.out, "\r\x1b[K")
		l.shown = false
	}
}

// say prints a line of its own.
func (l *statusLine) say(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wipe()
	fmt.Fprintf(l.out, format+"\n", args...)
}

// above returns a writer to the same terminal whose output does not get mixed up
// with the line.
func (l *statusLine) above(out io.Writer) io.Writer { return &aboveLine{l, out} }

type aboveLine struct {
	line *statusLine
	out  io.Writer
}

func (a *aboveLine) Write(p []byte) (int, error) {
	a.line.mu.Lock()
	defer a.line.mu.Unlock()
	a.line.wipe()
	return a.out.Write(p)
}
