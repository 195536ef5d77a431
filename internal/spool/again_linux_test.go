package spool_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/internal/spool"
	"github.com/seed-067c1534/sigio/message"
)

// giveIDs appends messages first to last-1, each with its number as its send_id.
func (l *line) giveIDs(first, last int) {
	var m message.Message
	for n := first; n < last; n++ {
		m.Transport, m.ReceivedAt = "tcp", time.Unix(int64(n), 0)
		m.Parse(fmt.Appendf(nil, `{"send_user":"U","send_time":"T","send_msg":"message %d","send_id":"%d"}`, n, n))
		for !l.spool.Append(&m, &l.tally) {
			room := make(chan struct{})
			l.spool.Room(func() { close(room) })
			<-room
		}
	}
}

// TestComesAgain sends messages again, as after a broken connection: to the same receiver, and to one
// that was started again, after everything was written. Each is delivered, and written once.
func TestComesAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var a kept
	l := open(t, spool.Options{Dir: dir}, &a)
	l.giveIDs(0, 3000)
	l.giveIDs(1000, 4000)
	sigtest.Until(t, "all to be delivered", func() bool { return l.tally.delivered.Load() == 6000 })
	sigtest.Until(t, "all to be written", func() bool { return a.count() >= 4000 })
	l.spool.Clean()
	l.giveIDs(3999, 4000)
	sigtest.Until(t, "one that comes again alone", func() bool { return l.tally.delivered.Load() == 6001 })
	if st := l.spool.Stats(); st.Duplicates != 2001 {
		t.Errorf("%d duplicates", st.Duplicates)
	}
	l.end()

	l = open(t, spool.Options{Dir: dir}, &a)
	l.giveIDs(0, 5000)
	sigtest.Until(t, "all to be delivered after a restart", func() bool { return l.tally.delivered.Load() == 5000 })
	if st := l.spool.Stats(); st.Duplicates != 4000 {
		t.Errorf("%d duplicates after a restart", st.Duplicates)
	}
	l.end()
	wantAll(t, &a, 5000)

	l = open(t, spool.Options{Dir: dir, Dedupe: -1}, &a)
	l.giveIDs(0, 1)
	l.end()
	if n := a.count(); n != 5001 {
		t.Errorf("%d lines with nothing remembered", n)
	}
}

// TestIDsLeaveRoom fills a small spool with messages that have ids: what stays for these does not
// keep it full.
func TestIDsLeaveRoom(t *testing.T) {
	t.Parallel()
	var a kept
	l := open(t, spool.Options{Dir: t.TempDir(), MaxBytes: 1 << 20, Limit: 128 << 10}, &a)
	const total = 50000 // 3 MB
	l.giveIDs(0, total)
	sigtest.Until(t, "all to be delivered", func() bool { return l.tally.delivered.Load() == total })
	l.spool.Clean()
	if st := l.spool.Stats(); st.Bytes > 1<<19 {
		t.Errorf("%d bytes stay", st.Bytes)
	}
	l.end()
	wantAll(t, &a, total)
}
