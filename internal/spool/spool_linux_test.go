package spool_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/internal/spool"
	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/output"
)

// kept is what an output writes to. It can be shut, as a disk that hangs.
type kept struct {
	mu   sync.Mutex
	data bytes.Buffer
	n    int           // lines in data
	shut chan struct{} // nil: open
	each func()        // is called before a write
}

func (k *kept) Write(p []byte) (int, error) {
	k.mu.Lock()
	shut, each := k.shut, k.each
	k.mu.Unlock()
	if shut != nil {
		<-shut
	}
	if each != nil {
		each()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.n += bytes.Count(p, []byte("\n"))
	return k.data.Write(p)
}

func (k *kept) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.n
}

// last returns the last line.
func (k *kept) last() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	whole := bytes.TrimSuffix(k.data.Bytes(), []byte("\n"))
	return string(whole[bytes.LastIndexByte(whole, '\n')+1:])
}

func (k *kept) lines() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var list []string
	for line := range bytes.Lines(k.data.Bytes()) {
		list = append(list, string(bytes.TrimSpace(line)))
	}
	return list
}

// tally is a Receipt.
type tally struct{ delivered, lost atomic.Int64 }

func (t *tally) Delivered(n int)      { t.delivered.Add(int64(n)) }
func (t *tally) Lost(n int, _ string) { t.lost.Add(int64(n)) }

// line is a spool with its outputs, as the command puts them together.
type line struct {
	t     *testing.T
	spool *spool.Spool
	outs  []*output.Writer
	tally tally
	ended bool
}

func open(t *testing.T, o spool.Options, sinks ...*kept) *line {
	t.Helper()
	l, err := tryOpen(t, o, sinks...)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func tryOpen(t *testing.T, o spool.Options, sinks ...*kept) (*line, error) {
	if o.Warn == nil {
		o.Warn = func(text string) { t.Log("warning:", text) }
	}
	l := &line{t: t}
	var names []string
	for i := range sinks {
		names = append(names, fmt.Sprint("out", i))
	}
	var err error
	if l.spool, err = spool.Open(t.Context(), o, names); err != nil {
		return nil, err
	}
	for i, k := range sinks {
		w := output.NewWriter(k, output.Options{Format: message.AppendText, Limit: 64 << 10})
		l.outs = append(l.outs, w)
		l.spool.Feed(names[i], w)
	}
	t.Cleanup(func() { l.end() })
	return l, nil
}

// end ends in order.
func (l *line) end() {
	if l.ended {
		return
	}
	l.ended = true
	ctx, cancel := context.WithTimeout(context.Background(), sigtest.Fatal)
	defer cancel()
	if err := l.spool.Drain(ctx); err != nil {
		l.t.Error("drain:", err)
	}
	for _, w := range l.outs {
		short, cancel := context.WithTimeout(ctx, time.Second)
		w.Close(short)
		cancel()
	}
	if err := l.spool.Close(); err != nil {
		l.t.Error("close:", err)
	}
}

func text(n int) string { return fmt.Sprintf("T U: message %d", n) }

// give appends messages first to last-1, waiting for room.
func (l *line) give(first, last int) {
	var m message.Message
	for n := first; n < last; n++ {
		m.Transport, m.ReceivedAt = "tcp", time.Unix(int64(n), 0)
		m.Parse(fmt.Appendf(nil, `{"send_user":"U","send_time":"T","send_msg":"message %d"}`, n))
		for !l.spool.Append(&m, &l.tally) {
			room := make(chan struct{})
			l.spool.Room(func() { close(room) })
			<-room
		}
	}
}

func wantAll(t *testing.T, k *kept, n int) {
	t.Helper()
	lines := k.lines()
	for i, line := range lines {
		if line != text(i) {
			t.Fatalf("line %d is %q", i, line)
		}
	}
	if len(lines) != n {
		t.Fatalf("%d lines, want %d", len(lines), n)
	}
}

func TestEachOutputGetsEverythingInOrder(t *testing.T) {
	t.Parallel()
	for _, always := range []bool{false, true} {
		t.Run(fmt.Sprint("always=", always), func(t *testing.T) {
			var a, b kept
			l := open(t, spool.Options{Dir: t.TempDir(), SyncAlways: always}, &a, &b)
			l.give(0, 20000)
			l.end()
			wantAll(t, &a, 20000)
			wantAll(t, &b, 20000)
			if l.tally.delivered.Load() != 20000 || l.tally.lost.Load() != 0 {
				t.Errorf("delivered %d, lost %d", l.tally.delivered.Load(), l.tally.lost.Load())
			}
		})
	}
}

// TestGoesOnAfterRestart ends with an output that takes nothing, and starts again.
func TestGoesOnAfterRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var a, b kept
	b.shut = make(chan struct{})
	l := open(t, spool.Options{Dir: dir}, &a, &b)
	l.give(0, 5000)
	sigtest.Until(t, "all to be stored", func() bool { return l.tally.delivered.Load() == 5000 })
	l.end()
	wantAll(t, &a, 5000)
	if n := b.count(); n != 0 {
		t.Fatalf("%d lines in the output that was shut", n)
	}
	var c kept // b's successor
	l = open(t, spool.Options{Dir: dir}, &a, &c)
	l.give(5000, 6000)
	l.end()
	close(b.shut)
	wantAll(t, &a, 6000)
	wantAll(t, &c, 6000)

	// Nothing is left, and nothing comes twice.
	l = open(t, spool.Options{Dir: dir}, &a, &c)
	for _, o := range l.spool.Stats().Outputs {
		sigtest.Until(t, "nothing to be left", func() bool { return l.spool.Stats().Outputs[0].Behind == 0 })
		_ = o
	}
	l.end()
	wantAll(t, &a, 6000)
	wantAll(t, &c, 6000)
}

// TestBlockedOutput has one output that never takes anything. The other is not held up, until the
// spool is full; then nothing is taken any more, and nothing was lost when there is room again.
func TestBlockedOutput(t *testing.T) {
	t.Parallel()
	var a, b kept
	b.shut = make(chan struct{})
	l := open(t, spool.Options{Dir: t.TempDir(), MaxBytes: 4 << 20, Limit: 128 << 10}, &a, &b)
	const total = 200000
	given := make(chan struct{})
	go func() { l.give(0, total); close(given) }()
	sigtest.Until(t, "a full spool", func() bool { return l.spool.Front().Stats().Stalled })
	st := l.spool.Stats()
	if st.Bytes > 4<<20 {
		t.Errorf("%d bytes are stored", st.Bytes)
	}
	front := l.spool.Front().Stats()
	if front.PendingBytes > 256<<10 {
		t.Errorf("%d bytes wait", front.PendingBytes)
	}
	sigtest.Until(t, "the other output to have what is stored", func() bool {
		return a.count() == int(l.spool.Front().Stats().Written)
	})
	if got := l.tally.delivered.Load(); got != int64(l.spool.Front().Stats().Written) {
		t.Errorf("delivered %d, stored %d", got, l.spool.Front().Stats().Written)
	}
	select {
	case <-given:
		t.Fatal("the spool took everything: it was not full")
	default:
	}
	b.mu.Lock()
	close(b.shut)
	b.shut = nil
	b.mu.Unlock()
	<-given
	l.end()
	wantAll(t, &a, total)
	wantAll(t, &b, total)
}
