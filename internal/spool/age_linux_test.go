package spool_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/internal/spool"
)

// TestTooOldWhileDown ends with messages that nobody has written, and starts again when some or all
// of them are too old. They are counted, once, and what is younger comes.
func TestTooOldWhileDown(t *testing.T) {
	for _, c := range []struct {
		name  string
		young int // how many come shortly before the end
	}{{"all", 0}, {"some", 100}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			const age, old, written = 3 * time.Second, 500, 50
			dir, total := t.TempDir(), written+old+c.young
			var shut, a kept
			l := open(t, spool.Options{Dir: dir, MaxAge: age}, &shut)
			l.give(0, written)
			sigtest.Until(t, "some to be written", func() bool { return shut.count() == written })
			l.spool.Clean()
			shut.mu.Lock()
			shut.shut = make(chan struct{})
			shut.mu.Unlock()
			defer close(shut.shut)
			l.give(written, written+old)
			sigtest.Until(t, "all to be stored", func() bool { return l.tally.delivered.Load() == int64(written+old) })
			begin := time.Now()
			if c.young > 0 {
				sigtest.Until(t, "half of the age", func() bool { return time.Since(begin) > age/2 })
				l.give(written+old, total)
			}
			l.end()
			sigtest.Until(t, "the age", func() bool { return time.Since(begin) > age })

			for range 2 { // the second start finds nothing new
				l = open(t, spool.Options{Dir: dir, MaxAge: age}, &a)
				missing := func() int { return int(l.spool.Stats().Outputs[0].Missing) }
				if n := missing(); total > 0 && n < old {
					t.Errorf("%d messages are missing at the start", n)
				} else if total == 0 && n > 0 {
					t.Errorf("%d messages are missing once more", n)
				}
				l.give(10000, 10010)
				sigtest.Until(t, "the new ones", func() bool { return strings.HasSuffix(strings.Join(a.lines(), "\n"), "message 10009") })
				came := a.count() - 10
				if total > 0 && came+missing() != total-written {
					t.Errorf("%d came, and %d are missing, of %d", came, missing(), total-written)
				}
				l.end()
				a.mu.Lock()
				a.data.Reset()
				a.mu.Unlock()
				total = 0
			}
		})
	}
}
