package spool_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/internal/spool"
)

// TestFullDisk fills a small file system, and makes room again.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=24m"); err != nil {
		t.Skip("cannot mount a small tmpfs:", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 14<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	var a, b kept
	b.shut = make(chan struct{})
	l := open(t, spool.Options{Dir: filepath.Join(dir, "spool"), MaxBytes: 16 << 20, SyncAlways: true, Limit: 1 << 20}, &a, &b)
	const total = 300000 // 12 MB
	given := make(chan struct{})
	go func() { l.give(0, total); close(given) }()
	front := l.spool.Front()
	sigtest.Until(t, "a full disk", func() bool { st := front.Stats(); return st.Stalled && errors.Is(st.LastError, syscall.ENOSPC) })
	select {
	case <-given:
		t.Fatal("everything was taken")
	default:
	}
	stored := front.Stats().Written
	if got := l.tally.delivered.Load(); got > int64(front.Stats().Written) || stored >= total {
		t.Errorf("delivered %d, stored %d", got, stored)
	}
	// Even the last byte taken by somebody else does no harm.
	f, err := os.Create(filepath.Join(dir, "rest"))
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := f.Write(make([]byte, 64<<10)); err != nil {
			break
		}
	}
	f.Close()
	sigtest.Until(t, "another try", func() bool { return front.Stats().Retries > 3 })
	os.Remove(filepath.Join(dir, "rest"))
	os.Remove(ballast)
	<-given
	b.mu.Lock()
	close(b.shut)
	b.shut = nil
	b.mu.Unlock()
	l.end()
	wantAll(t, &a, total)
	wantAll(t, &b, total)
}

// TestFullDiskAtStart starts when not a byte is free. What is stored comes, and makes room.
func TestFullDiskAtStart(t *testing.T) {
	t.Parallel()
	t.Run("all at once", func(t *testing.T) { fullDiskAtStart(t, false) })
	// The store fails when it is to be made smaller without room for what remains of a file.
	t.Run("little by little", func(t *testing.T) { fullDiskAtStart(t, true) })
}

func fullDiskAtStart(t *testing.T, slow bool) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=32m"); err != nil {
		t.Skip("only root may make the kernel less patient: cannot mount a small tmpfs:", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	o := spool.Options{Dir: filepath.Join(dir, "spool"), MaxBytes: 24 << 20}
	var shut, a kept
	shut.shut = make(chan struct{})
	defer close(shut.shut)
	const total = 300000 // 14 MB
	l := open(t, o, &shut)
	l.give(0, total)
	sigtest.Until(t, "all to be stored", func() bool { return l.tally.delivered.Load() == total })
	l.end()
	f, err := os.Create(filepath.Join(dir, "rest"))
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := f.Write(make([]byte, 4<<10)); err != nil {
			break
		}
	}
	f.Close()
	hold := make(chan struct{})
	a.shut = hold
	l = open(t, o, &a)
	a.mu.Lock()
	a.shut = nil
	if slow {
		a.each = l.spool.Clean // what has been written is removed before more is
	}
	a.mu.Unlock()
	close(hold)
	sigtest.Until(t, "what was stored", func() bool { return a.count() == total })
	given := make(chan struct{})
	go func() { l.give(total, total+1000); close(given) }()
	<-given
	l.end()
	wantAll(t, &a, total+1000)
}

// damaged stores messages that nobody takes, damages the newest block of the store, and opens it
// again. It returns what an output gets then, and the warnings.
func damaged(t *testing.T, damage func(path string)) (got []string, warnings string) {
	t.Helper()
	dir := t.TempDir()
	var shut kept
	shut.shut = make(chan struct{})
	defer close(shut.shut)
	l := open(t, spool.Options{Dir: dir}, &shut)
	l.give(0, 20000)
	sigtest.Until(t, "all to be stored", func() bool { return l.tally.delivered.Load() == 20000 })
	l.end()
	blocks, err := filepath.Glob(filepath.Join(dir, "jetstream", "*", "streams", "*", "msgs", "*.blk"))
	if err != nil || len(blocks) == 0 {
		t.Fatal("no blocks:", blocks, err)
	}
	damage(blocks[len(blocks)-1])
	// As after a kill: the server's summary, which it writes at an orderly end, is not there.
	summaries, _ := filepath.Glob(filepath.Join(filepath.Dir(blocks[0]), "index.db"))
	for _, s := range summaries {
		os.Remove(s)
	}
	var mu sync.Mutex
	var text strings.Builder
	var out kept
	l = open(t, spool.Options{Dir: dir, Warn: func(s string) { mu.Lock(); defer mu.Unlock(); text.WriteString(s + "\n") }}, &out)
	l.give(20000, 20100)
	sigtest.Until(t, "the new messages", func() bool { return strings.HasSuffix(out.last(), "message 20099") })
	l.end()
	mu.Lock()
	defer mu.Unlock()
	return out.lines(), text.String()
}

func TestTornStore(t *testing.T) {
	t.Parallel()
	got, warnings := damaged(t, func(path string) {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, info.Size()-1000); err != nil {
			t.Fatal(err)
		}
	})
	report(t, got, warnings)
}

func TestCorruptStore(t *testing.T) {
	t.Parallel()
	got, warnings := damaged(t, func(path string) {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		info, _ := f.Stat()
		if _, err := f.WriteAt([]byte(strings.Repeat("damage", 20)), info.Size()/2); err != nil {
			t.Fatal(err)
		}
	})
	report(t, got, warnings)
}

// report wants the new messages, of the old ones a part in order, and a word about the rest.
func report(t *testing.T, got []string, warnings string) {
	t.Helper()
	old := len(got) - 100
	if old < 0 || old >= 20000 {
		t.Errorf("%d old messages came", old)
	}
	for i, line := range got[max(old, 0):] {
		if line != text(20000+i) {
			t.Fatalf("new message %d is %q", i, line)
		}
	}
	if !strings.Contains(warnings, fmt.Sprintf("the last %d messages in it are lost", 20000-old)) {
		t.Errorf("%d messages were lost without a word", 20000-old)
	}
	t.Logf("%d of 20000 came; warnings:\n%s", old, warnings)
}

// TestTwoProcesses opens one folder twice.
func TestTwoProcesses(t *testing.T) {
	dir := t.TempDir()
	open(t, spool.Options{Dir: dir})
	if _, err := spool.Open(t.Context(), spool.Options{Dir: dir}, nil); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Error(err)
	}
}

// TestOutputThatIsGone does not name an output any more for which something is stored.
func TestOutputThatIsGone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var shut kept
	shut.shut = make(chan struct{})
	defer close(shut.shut)
	l := open(t, spool.Options{Dir: dir}, &shut)
	l.give(0, 10)
	sigtest.Until(t, "all to be stored", func() bool { return l.tally.delivered.Load() == 10 })
	l.end()
	if _, err := spool.Open(t.Context(), spool.Options{Dir: dir}, []string{"other"}); err == nil || !strings.Contains(err.Error(), "wait for the output out0") {
		t.Error(err)
	}
	s, err := spool.Open(t.Context(), spool.Options{Dir: dir, Forget: true}, []string{"other"})
	if err != nil {
		t.Fatal(err)
	}
	s.Drain(t.Context())
	s.Close()
}

// TestTornAfterAcknowledged cuts off what the output had written already: what is stored next has
// numbers that were acknowledged before, and must come all the same.
func TestTornAfterAcknowledged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var a kept
	l := open(t, spool.Options{Dir: dir}, &a)
	for n := range 20 {
		l.give(n, n+1)
		sigtest.Until(t, "it to be stored", func() bool { return l.tally.delivered.Load() == int64(n+1) })
	}
	l.end()
	wantAll(t, &a, 20)
	blocks, err := filepath.Glob(filepath.Join(dir, "jetstream", "*", "streams", "*", "msgs", "*.blk"))
	if err != nil || len(blocks) == 0 {
		t.Fatal("no blocks:", blocks, err)
	}
	last := blocks[len(blocks)-1]
	info, err := os.Stat(last)
	if err != nil {
		t.Fatal(err)
	}
	os.Truncate(last, info.Size()/2)
	os.Remove(filepath.Join(filepath.Dir(last), "index.db"))
	l = open(t, spool.Options{Dir: dir}, &a)
	l.give(20, 40)
	l.end()
	lines := a.lines()
	if n := len(lines); n < 40 || lines[n-20] != text(20) || lines[n-1] != text(39) {
		t.Errorf("after the damage: %q", lines[20:])
	}
}
