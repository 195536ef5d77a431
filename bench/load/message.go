package load

import (
	"bytes"
	"fmt"
	"io"
	"math/bits"
	"os"
)

// Template is the message that all sinks get, with its number inside.
const Template = `{"send_user":"user0042","send_time":"2026-11-22T21:14:00Z","send_msg":"seq=0000000000 ok"}`

const (
	// MessageSize is the size of a message without a newline.
	MessageSize = len(Template)
	digits      = 10
	numberAt    = MessageSize - len(`0000000000 ok"}`)
)

// Numbered writes the message with a number to p and returns p's rest.
func Numbered(p []byte, n int) []byte {
	copy(p, Template)
	for i := numberAt + digits - 1; n > 0; i-- {
		p[i] = byte('0' + n%10)
		n /= 10
	}
	return p[MessageSize:]
}

// Tally checks a file of messages: every number from First on, each once, and
// nothing else.
type Tally struct {
	First, Count int
	seen         []uint64

	Duplicates int
	Strange    int    // lines that are no message of ours, torn ones among them
	Example    []byte // one of them
}

// NewTally expects count numbers from first on.
func NewTally(first, count int) *Tally {
	return &Tally{First: first, Count: count, seen: make([]uint64, count/64+1)}
}

var marker = []byte("seq=")

// Line takes a line without its newline.
func (t *Tally) Line(line []byte) {
	n, ok := t.number(line)
	if !ok || n < t.First || n >= t.First+t.Count {
		t.Strange++
		t.Example = append(t.Example[:0], line[:min(len(line), 200)]...)
		return
	}
	n -= t.First
	if t.seen[n/64]&(1<<(n%64)) != 0 {
		t.Duplicates++
	}
	t.seen[n/64] |= 1 << (n % 64)
}

// number finds the number. A line that is as long as a message has to be one to the
// last byte; others are a format of the server's own that has the text in it.
func (t *Tally) number(line []byte) (n int, ok bool) {
	at := numberAt
	if len(line) != MessageSize {
		at = bytes.Index(line, marker) + len(marker)
		if at < len(marker) || at+digits+3 > len(line) || string(line[at+digits:at+digits+3]) != " ok" {
			return 0, false
		}
	} else if string(line[:at]) != Template[:at] || string(line[at+digits:]) != Template[at+digits:] {
		return 0, false
	}
	for _, c := range line[at : at+digits] {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}

// Missing returns how many numbers have not come.
func (t *Tally) Missing() int {
	seen := 0
	for _, word := range t.seen {
		seen += bits.OnesCount64(word)
	}
	return t.Count - seen
}

// Err returns an error if the file had anything that was not sent, or had
// something twice.
func (t *Tally) Err() error {
	if t.Strange > 0 {
		return fmt.Errorf("the file has %d lines that were not sent, such as %q", t.Strange, t.Example)
	}
	if t.Duplicates > 0 {
		return fmt.Errorf("the file has %d messages more than once", t.Duplicates)
	}
	return nil
}

// ReadFile takes all lines of a file.
func (t *Tally) ReadFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	buf := make([]byte, 1<<20)
	held := 0
	for {
		n, err := f.Read(buf[held:])
		rest := buf[:held+n]
		for end := bytes.IndexByte(rest, '\n'); end >= 0; end = bytes.IndexByte(rest, '\n') {
			t.Line(rest[:end])
			rest = rest[end+1:]
		}
		held = copy(buf, rest)
		if err == io.EOF {
			if held > 0 {
				t.Line(rest)
			}
			return nil
		}
		if err != nil {
			return err
		}
		if held == len(buf) {
			return fmt.Errorf("%s has a line of more than %d bytes", path, held)
		}
	}
}
