package spool_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/internal/spool"
	"github.com/seed-067c1534/sigio/message"
)

// A record for which there is no room keeps its place: a smaller one that comes behind it, and for
// which there is, waits.
func TestFullSpoolKeepsOrder(t *testing.T) {
	t.Parallel()
	k := &kept{shut: make(chan struct{})}
	l := open(t, spool.Options{Dir: t.TempDir(), MaxBytes: 1 << 20}, k)
	number := 0
	sized := func(sizes ...int) (b []byte) {
		for _, size := range sizes {
			m := message.Message{Text: fmt.Appendf(nil, "%d %s", number, strings.Repeat("x", size))}
			b = l.spool.AppendMessage(b, &m)
			number++
		}
		return b
	}
	if _, err := l.spool.Write(sized(290<<10, 290<<10, 290<<10)); err != nil {
		t.Fatal(err)
	}
	both := sized(200<<10, 100<<10)
	if n, err := l.spool.Write(both); n != 0 || !errors.Is(err, spool.ErrFull) {
		t.Errorf("%d bytes were stored, %v", n, err)
	}
	close(k.shut)
	sigtest.Until(t, "room", func() bool {
		n, err := l.spool.Write(both)
		both = both[n:]
		return err == nil
	})
	sigtest.Until(t, "all to be written", func() bool { return len(k.lines()) >= number })
	for i, line := range k.lines() {
		if _, text, _ := strings.Cut(line, ": "); !strings.HasPrefix(text, fmt.Sprint(i, " ")) {
			t.Errorf("line %d begins with %.40q", i, line)
		}
	}
	if missing := l.spool.Stats().Outputs[0].Missing; missing != 0 {
		t.Errorf("%d messages are said to be missing", missing)
	}
}
