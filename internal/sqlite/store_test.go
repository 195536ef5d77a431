//go:build 386 || amd64 || arm || arm64 || loong64 || ppc64le || riscv64 || s390x

package sqlite

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/output"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Unix(1_764_000_000, 123456789)

// at returns a message that came n seconds after start.
func at(n int, body string) *message.Message {
	m := &message.Message{Transport: "udp", Peer: netip.MustParseAddrPort("127.0.0.1:41234"), ReceivedAt: start.Add(time.Duration(n) * time.Second)}
	m.Parse([]byte(body))
	return m
}

func by(n int, user, text string) *message.Message {
	return at(n, fmt.Sprintf(`{"send_user":%q,"send_time":"t","send_msg":%q}`, user, text))
}

func withID(n int, user, id, text string) *message.Message {
	return at(n, fmt.Sprintf(`{"send_user":%q,"send_time":"t","send_id":%q,"send_msg":%q}`, user, id, text))
}

func openStore(t *testing.T, path string, o Options) *Store {
	t.Helper()
	s, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func encode(messages ...*message.Message) (p []byte) {
	for _, m := range messages {
		p = output.AppendRecord(p, m)
	}
	return p
}

func store(t *testing.T, s io.Writer, messages ...*message.Message) {
	t.Helper()
	p := encode(messages...)
	if n, err := s.Write(p); n != len(p) || err != nil {
		t.Fatalf("stored %d of %d bytes: %v", n, len(p), err)
	}
}

func find(t *testing.T, path string, f message.Filter) (lines []string) {
	t.Helper()
	r, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	err = r.Query(t.Context(), f, func(m *message.Message) error {
		lines = append(lines, string(m.User)+":"+string(m.Text))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func want(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("found %q, want %q", got, want)
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "messages.db")
	s := openStore(t, path, Options{})
	store(t, s, by(0, "a", "one"), by(1, "b", "two"), by(2, "a", "three"))
	store(t, s, by(3, "", "four"), at(4, "raw %_ text"))
	name := func(s string) *string { return &s }
	want(t, find(t, path, message.Filter{}), "a:one", "b:two", "a:three", ":four", ":raw %_ text")
	want(t, find(t, path, message.Filter{User: name("a")}), "a:one", "a:three")
	want(t, find(t, path, message.Filter{User: name("a"), Limit: 1}), "a:three")
	want(t, find(t, path, message.Filter{Limit: 2}), ":four", ":raw %_ text")
	want(t, find(t, path, message.Filter{User: name("")}), ":four", ":raw %_ text")
	want(t, find(t, path, message.Filter{User: name("A")}))
	want(t, find(t, path, message.Filter{Text: "%_"}), ":raw %_ text")
	want(t, find(t, path, message.Filter{Since: start.Add(2 * time.Second)}), "a:three", ":four", ":raw %_ text")
	want(t, find(t, path, message.Filter{Until: start.Add(2 * time.Second)}), "a:one", "b:two")
	want(t, find(t, path, message.Filter{Since: start.Add(time.Second), Until: start.Add(3 * time.Second), Text: "e"}), "a:three")
}

// What comes out is what went in, to the last member.
func TestMessagesAreWhole(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "messages.db")
	s := openStore(t, path, Options{})
	in := []*message.Message{
		at(0, `{"send_user":"\u0000ü","send_time":"","send_msg":"a\nb","send_id":"1","n":1.50,"l":[{"x":null}]}`),
		at(1, "\xff\x00raw"), at(2, ""), by(3, "x", strings.Repeat("long", 20_000)),
	}
	in[2].Peer, in[2].Transport = netip.AddrPort{}, "unixgram"
	var wanted, got []byte
	for _, m := range in {
		wanted = message.AppendJSON(wanted, m)
	}
	store(t, s, in...)
	r, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Query(t.Context(), message.Filter{}, func(m *message.Message) error { got = message.AppendJSON(got, m); return nil }); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, wanted) {
		t.Errorf("got\n%.500s\nwant\n%.500s", got, wanted)
	}
}

func TestDedupe(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "messages.db")
	s := openStore(t, path, Options{Dedupe: time.Minute})
	store(t, s, withID(0, "a", "1", "first"), withID(1, "a", "1", "again"), withID(1, "b", "1", "other"), withID(1, "a", "2", "next"))
	s.Close()
	s = openStore(t, path, Options{Dedupe: time.Minute})
	store(t, s, withID(30, "a", "1", "after a restart"), withID(70, "a", "1", "much later"), by(70, "a", "none"), by(70, "a", "none"))
	want(t, find(t, path, message.Filter{}), "a:first", "b:other", "a:next", "a:much", "later", "a:none", "a:none")
	if st := s.Stats(); st.Rows != 3 || st.Duplicates != 1 {
		t.Errorf("%+v", st)
	}
	off := openStore(t, filepath.Join(t.TempDir(), "off.db"), Options{})
	store(t, off, withID(0, "a", "1", "x"), withID(1, "a", "1", "x"))
	if st := off.Stats(); st.Rows != 2 || st.Duplicates != 0 {
		t.Errorf("without: %+v", st)
	}
}

// All of a Write or nothing: what is wrong at its end leaves nothing of its beginning, nor in the
// counts.
func TestWriteIsOneTransaction(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "messages.db")
	s := openStore(t, path, Options{})
	store(t, s, by(0, "a", "1"))
	if n, err := s.Write(append(encode(by(1, "a", "2")), "junk"...)); n != 0 || err == nil {
		t.Fatalf("%d, %v", n, err)
	}
	store(t, s, by(2, "a", "3"))
	want(t, find(t, path, message.Filter{}), "a:1", "a:3")
	if st := s.Stats(); st.Rows != 2 {
		t.Errorf("%+v", st)
	}
}

func TestLockedThenFull(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "messages.db")
	s := openStore(t, path, Options{Sync: true})
	other, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	run := func(c *sqlite.Conn, query string) {
		t.Helper()
		if err := sqlitex.ExecuteTransient(c, query, nil); err != nil {
			t.Fatal(err)
		}
	}
	run(other, "BEGIN IMMEDIATE")
	if n, err := s.Write(encode(by(0, "a", "1"))); n != 0 || err == nil || !strings.Contains(err.Error(), "is locked by another program") {
		t.Fatalf("%d, %v", n, err)
	}
	run(other, "COMMIT")
	store(t, s, by(0, "a", "1"))
	run(s.conn, "PRAGMA max_page_count = 1")
	big := encode(by(1, "a", strings.Repeat("x", 100_000)))
	if n, err := s.Write(big); n != 0 || err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Fatalf("%d, %v", n, err)
	}
	if n, err := s.Write(big); n != len(big) || err != nil { // a new connection has room
		t.Fatalf("%d, %v", n, err)
	}
	if got := find(t, path, message.Filter{}); len(got) != 2 {
		t.Fatalf("%d messages", len(got))
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	database := func(name, script string) string {
		path := filepath.Join(folder, name)
		c, err := sqlite.OpenConn(path, sqlite.OpenReadWrite|sqlite.OpenCreate)
		if err == nil {
			err = sqlitex.ExecuteScript(c, script, nil)
			c.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	newer := filepath.Join(folder, "newer")
	openStore(t, newer, Options{}).Close()
	database("newer", "PRAGMA user_version = 7")
	older := filepath.Join(folder, "older")
	openStore(t, older, Options{}).Close()
	database("older", "PRAGMA user_version = 1")
	for path, wanted := range map[string]string{
		folder:                            "is no regular file",
		filepath.Join(folder, "no", "db"): "no such file or directory",
		file("text", strings.Repeat("text", 1e3)): "is not a SQLite database",
		database("other", "CREATE TABLE t(x)"):    "is a database of another program",
		newer:                                     "its schema has version 7, this program knows 2",
		older:                                     "its schema has version 1, this program knows 2: use the sigio that made it, or another file",
	} {
		for _, open := range []func() (io.Closer, error){
			func() (io.Closer, error) { return Open(path, Options{}) },
			func() (io.Closer, error) { return OpenReader(path) },
		} {
			c, err := open()
			if err == nil || !strings.Contains(err.Error(), wanted) || !strings.HasPrefix(err.Error(), "sigio: sqlite: ") {
				t.Errorf("%s: %v, want %q", filepath.Base(path), err, wanted)
			}
			if err == nil {
				c.Close()
			}
		}
	}
	if _, err := OpenReader(filepath.Join(folder, "missing")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Error(err)
	}
	if _, err := OpenReader(file("empty", "")); err == nil || !strings.Contains(err.Error(), "has no messages yet") {
		t.Error(err)
	}
}

func TestModeAndReopen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "messages.db")
	s := openStore(t, path, Options{})
	store(t, s, by(0, "a", "1"))
	for _, name := range []string{path, path + "-wal"} {
		if info, err := os.Stat(name); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != fileMode {
			t.Errorf("%v, %v", info, err)
		}
	}
	if err := os.Rename(path, path+".1"); err != nil {
		t.Skip("an open file cannot be renamed on this system, not a test of it")
	}
	os.Rename(path+"-wal", path+".1-wal")
	os.Remove(path + "-shm")
	if err := s.Reopen(); err != nil {
		t.Fatal(err)
	}
	store(t, s, by(1, "a", "2"))
	want(t, find(t, path, message.Filter{}), "a:2")
	want(t, find(t, path+".1", message.Filter{}), "a:1")
	s.Close()
	if _, err := s.Write(encode(by(1, "a", "2"))); err == nil || s.Reopen() == nil {
		t.Error("use after Close")
	}
}

// Follow shows what comes while it runs, after what a Query has shown; also if the clock was set back
// before, and if that Query found nothing.
func TestFollow(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "messages.db")
	s := openStore(t, path, Options{})
	store(t, s, by(0, "a", "old"))
	r, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var got []string
	each := func(m *message.Message) error {
		got = append(got, string(m.Text))
		if len(got) == 3 {
			cancel()
		}
		return nil
	}
	if err := r.Query(ctx, message.Filter{}, each); err != nil {
		t.Fatal(err)
	}
	store(t, s, by(-3600, "a", "new"), by(1, "b", "other"))
	ended := make(chan error)
	user := "a"
	go func() { ended <- r.Follow(ctx, message.Filter{User: &user}, each) }()
	store(t, s, by(-1800, "a", "newer"))
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	want(t, got, "old", "new", "newer")
}

func TestFollowAfterNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "messages.db")
	s := openStore(t, path, Options{})
	r, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var got []string
	each := func(m *message.Message) error { got = append(got, string(m.Text)); cancel(); return nil }
	if err := r.Query(ctx, message.Filter{}, each); err != nil {
		t.Fatal(err)
	}
	store(t, s, by(0, "a", "between"))
	if err := r.Follow(ctx, message.Filter{}, each); err != nil {
		t.Fatal(err)
	}
	want(t, got, "between")
}

// A Writer in front, with retries: everything arrives once, although the database is locked in
// between.
func TestBehindAWriter(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "messages.db")
	s := openStore(t, path, Options{})
	o := output.NewWriter(s, output.Options{Format: output.AppendRecord, Persist: true, Chunk: 10_000})
	other, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := sqlitex.ExecuteTransient(other, "BEGIN IMMEDIATE", nil); err != nil {
		t.Fatal(err)
	}
	const n = 5000
	for i := range n {
		if !o.Append(by(i, "a", fmt.Sprint(i)), nil) {
			t.Fatal("no room")
		}
	}
	for deadline := time.Now().Add(20 * time.Second); !o.Stats().Stalled; {
		if time.Now().After(deadline) {
			t.Fatal("not stalled by a lock")
		}
		runtime.Gosched()
	}
	if err := sqlitex.ExecuteTransient(other, "COMMIT", nil); err != nil {
		t.Fatal(err)
	}
	if err := o.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := find(t, path, message.Filter{})
	for i, line := range got {
		if line != fmt.Sprintf("a:%d", i) {
			t.Fatalf("message %d is %s", i, line)
		}
	}
	if len(got) != n {
		t.Fatalf("%d messages, want %d", len(got), n)
	}
}
