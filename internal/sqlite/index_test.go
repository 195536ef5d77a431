//go:build 386 || amd64 || arm || arm64 || loong64 || ppc64le || riscv64 || s390x

package sqlite

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/seed-067c1534/sigio/message"
)

// Whatever the clock does and however messages are divided into transactions, a query by an index
// finds what reading all of them would find.
func TestIndexesAreExact(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "messages.db")
	random := rand.New(rand.NewPCG(1, 2))
	users := []string{"of most", "a", "b", "", "c"}
	var all []*message.Message
	s := openStore(t, path, Options{})
	clock := start
	for range 30 {
		var batch []*message.Message
		for range random.IntN(600) {
			switch random.IntN(300) {
			case 0:
				clock = clock.Add(time.Duration(random.IntN(200)-120) * time.Second / 2)
			case 1:
				clock = clock.Add(time.Duration(chunkSpan)) // the longest that a chunk can be
			}
			clock = clock.Add(time.Duration(random.IntN(4)-1) * 3 * time.Millisecond)
			m := by(0, users[max(random.IntN(200)-195, 0)], fmt.Sprint(len(all)+len(batch)))
			m.ReceivedAt = clock
			batch = append(batch, m)
		}
		store(t, s, batch...)
		all = append(all, batch...)
	}
	if n := count(t, s.conn, "SELECT max(json_array_length(ids)) FROM messages_user"); n != postingIDs {
		t.Fatalf("%d messages in the longest posting: none was divided", n)
	}
	for range 60 {
		f := message.Filter{}
		if random.IntN(2) == 0 {
			f.User = &users[random.IntN(len(users))]
		}
		from := all[random.IntN(len(all))].ReceivedAt
		if random.IntN(2) == 0 {
			f.Since = from
		}
		if random.IntN(2) == 0 {
			f.Until = from.Add(time.Duration(random.IntN(20_000)) * time.Millisecond)
		}
		var wanted []string
		for _, m := range all {
			if (f.User == nil || string(m.User) == *f.User) && !m.ReceivedAt.Before(f.Since) &&
				(f.Until.IsZero() || m.ReceivedAt.Before(f.Until)) {
				wanted = append(wanted, string(m.User)+":"+string(m.Text))
			}
		}
		got := find(t, path, f)
		f.Limit = 1 + random.IntN(50)
		newest := find(t, path, f)
		if !slices.Equal(newest, got[max(0, len(got)-f.Limit):]) {
			t.Fatalf("%+v: the newest are %q of %q", f, newest, got)
		}
		byNumber := func(a, b string) int {
			return cmp.Or(cmp.Compare(len(after(a)), len(after(b))), cmp.Compare(after(a), after(b)))
		}
		slices.SortFunc(got, byNumber)
		if !slices.Equal(got, wanted) {
			t.Fatalf("%+v: found %d, want %d messages", f, len(got), len(wanted))
		}
	}
}

func after(line string) string {
	_, text, _ := strings.Cut(line, ":")
	return text
}

func count(t *testing.T, c *sqlite.Conn, query string) int64 {
	t.Helper()
	n, err := number(c, query)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// With a clock that goes on, the order is that of arrival; when it is set back, that of its times.
func TestOrder(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "messages.db")
	s := openStore(t, path, Options{})
	store(t, s, by(0, "a", "1"), by(0, "b", "2"), by(0, "a", "3"), by(100, "a", "6"), by(50, "a", "4"))
	s.Close()
	s = openStore(t, path, Options{})
	store(t, s, by(50, "a", "5"), by(101, "b", "7"))
	want(t, find(t, path, message.Filter{}), "a:1", "b:2", "a:3", "a:4", "a:5", "a:6", "b:7")
	user := "a"
	want(t, find(t, path, message.Filter{User: &user}), "a:1", "a:3", "a:4", "a:5", "a:6")
	want(t, find(t, path, message.Filter{User: &user, Limit: 2}), "a:5", "a:6")
}

// A chunk is one row of each index, so that many messages cost few.
func TestChunks(t *testing.T) {
	t.Parallel()
	s := openStore(t, filepath.Join(t.TempDir(), "messages.db"), Options{})
	var batch []*message.Message
	for i := range 1000 {
		batch = append(batch, by(0, fmt.Sprint("user", i%10), "x"))
	}
	store(t, s, batch...)
	if n := count(t, s.conn, "SELECT count(*) FROM messages_user"); n != 10 {
		t.Errorf("%d rows for 10 users", n)
	}
	if n := count(t, s.conn, "SELECT count(*) FROM messages_time"); n != 1 {
		t.Errorf("%d rows for one second", n)
	}
	if n := count(t, s.conn, "SELECT count(*) FROM by_user WHERE user = 'user3'"); n != 100 {
		t.Errorf("%d messages of one user, want 100", n)
	}
	if n := count(t, s.conn, "SELECT count(*) FROM by_time"); n != 1000 {
		t.Errorf("%d messages, want 1000", n)
	}
}

// What somebody deleted does not come back as somebody else's, and nothing is found twice.
func TestDeletedMessages(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "messages.db")
	s := openStore(t, path, Options{})
	store(t, s, by(0, "a", "1"), by(0, "a", "2"), by(0, "a", "3"))
	delete := func(where string) {
		t.Helper()
		if err := sqlitex.ExecuteTransient(s.conn, "DELETE FROM messages WHERE "+where, nil); err != nil {
			t.Fatal(err)
		}
	}
	delete("text > '1'")
	s.Close()
	s = openStore(t, path, Options{})
	store(t, s, by(1, "b", "4"), by(1, "a", "5"))
	user := "a"
	want(t, find(t, path, message.Filter{}), "a:1", "b:4", "a:5")
	want(t, find(t, path, message.Filter{User: &user}), "a:1", "a:5")
	delete("true")
	store(t, s, by(2, "a", "6"))
	want(t, find(t, path, message.Filter{}), "a:6")
	want(t, find(t, path, message.Filter{User: &user}), "a:6")
}

// A failed transaction leaves nothing in the indexes for the next.
func TestIndexAfterAFailure(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "messages.db")
	s := openStore(t, path, Options{})
	if _, err := s.Write(append(encode(by(0, "a", "1"), by(0, "b", "2")), "junk"...)); err == nil {
		t.Fatal("junk was stored")
	}
	store(t, s, by(1, "b", "3"))
	for query, wanted := range map[string]int64{
		"SELECT count(*) FROM messages_user":                 1,
		"SELECT count(*) FROM messages_time":                 1,
		"SELECT first || last FROM messages_time":            11,
		"SELECT count(*) FROM by_user WHERE user = 'b'":      1,
		"SELECT count(*) FROM messages_user WHERE ids='[0]'": 1,
	} {
		if n := count(t, s.conn, query); n != wanted {
			t.Errorf("%s: %d, want %d", query, n, wanted)
		}
	}
}

// SQLite does as it is meant to: it goes through an index in the wanted order without sorting, so
// that a limit ends it early.
func TestPlans(t *testing.T) {
	t.Parallel()
	s := openStore(t, filepath.Join(t.TempDir(), "messages.db"), Options{})
	user := "a"
	now := time.Now()
	for _, f := range []message.Filter{{}, {User: &user}, {Since: now}, {User: &user, Since: now, Until: now, Text: "x"}} {
		for _, order := range []string{"latest, first, id", "latest DESC, first DESC, id DESC LIMIT 100"} {
			q := indexed(f)
			q.where("id <= ?", int64(1))
			var plan []string
			err := sqlitex.ExecuteTransient(s.conn, "EXPLAIN QUERY PLAN "+q.text(order), &sqlitex.ExecOptions{
				Args:       q.values,
				ResultFunc: func(s *sqlite.Stmt) error { plan = append(plan, s.ColumnText(3)); return nil },
			})
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(plan, "\n")
			bad := strings.Contains(got, "SCAN m") || strings.Contains(got, "B-TREE") ||
				f.User != nil && !strings.Contains(got, "SEARCH u USING PRIMARY KEY (user=?")
			if bad {
				t.Errorf("%+v, %s:\n%s", f, order, got)
			}
		}
	}
}
