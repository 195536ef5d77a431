//go:build linux

package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// tally compares what was sent with what was printed.
type tally struct {
	messages []string
	missing  map[string]bool
	printed  int
	cut      int // lines that are the beginning of a message
	other    int // lines that are nothing that was sent, or that came twice
}

func newTally(n int) tally {
	t := tally{missing: make(map[string]bool)}
	now := time.Now().Format(time.DateTime)
	for i := range n {
		m := fmt.Sprintf(`{"send_user":"burst","send_time":%q,"send_msg":"message %d"}`, now, i)
		t.messages = append(t.messages, m)
		t.missing[m] = true
	}
	return t
}

// add counts a line: a message, as it is or as Go writes a string.
func (t *tally) add(line string) {
	text, err := strconv.Unquote(line)
	if err != nil {
		text = line
	}
	switch {
	case t.missing[text]:
		delete(t.missing, text)
		t.printed++
	case text != "" && t.begins(text):
		t.cut++
	default:
		t.other++
	}
}

func (t *tally) begins(text string) bool {
	for m := range t.missing {
		if strings.HasPrefix(m, text) {
			return true
		}
	}
	return false
}

// explain says where the missing messages are, as far as it can be seen, and what
// else was remarkable.
func (t *tally) explain(k kernelAccount, cpu, wall time.Duration, said string) string {
	var why []string
	add := func(n int, what string) {
		if n > 0 {
			why = append(why, fmt.Sprintf("%d %s", n, what))
		}
	}
	rest := len(t.missing)
	addMissing := func(n int, what string) {
		n = min(n, rest) // the account is a little older than the last line
		rest -= n
		add(n, what)
	}
	addMissing(k.dropped, "dropped by the kernel")
	addMissing(k.queued, "never accepted")
	addMissing(t.cut, "cut short")
	if k.udp {
		addMissing(rest, "left unread")
	} else {
		addMissing(rest, "accepted, not printed")
	}
	add(t.other, "lines that nobody sent")
	if cpu > wall/2 && wall > 100*time.Millisecond {
		why = append(why, fmt.Sprintf("%d %% of a processor", 100*cpu/wall))
	}
	if said != "" {
		why = append(why, said)
	}
	return strings.Join(why, "; ")
}
