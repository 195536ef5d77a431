//go:build 386 || amd64 || arm || arm64 || loong64 || ppc64le || riscv64 || s390x

package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/output"
)

// traffic makes messages of 70 bytes by some users, four microseconds apart.
type traffic struct {
	users, n int
	m        *message.Message
	ids      bool
	p        []byte
}

func newTraffic(users int) *traffic {
	m := by(0, "", "seq=0000000000 ok")
	m.Time = []byte("2026-11-22T21:14:00Z")
	return &traffic{users: users, m: m}
}

// add adds a message to p.
func (t *traffic) add() {
	t.m.User = strconv.AppendInt(append(t.m.User[:0], "user"...), int64(t.n)*7919%int64(t.users), 10)
	t.m.ReceivedAt = start.Add(time.Duration(t.n) * 4 * time.Microsecond)
	if t.ids {
		t.m.ID = strconv.AppendInt(t.m.ID[:0], int64(t.n), 10)
	}
	t.p = output.AppendRecord(t.p, t.m)
	t.n++
}

// transaction is what cmd/sigio puts into one.
const transaction = 4 << 20

func BenchmarkStore(b *testing.B) {
	for _, bench := range []struct {
		name  string
		users int
		ids   bool
	}{
		{"users=1", 1, false},
		{"users=1000", 1000, false},
		{"users=10000", 10_000, false},
		{"users=all_different", 1 << 30, false},
		{"users=1000/send_id", 1000, true},
	} {
		b.Run(bench.name, func(b *testing.B) {
			s, err := Open(filepath.Join(b.TempDir(), "messages.db"), Options{Dedupe: time.Hour})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			t := newTraffic(bench.users)
			t.ids = bench.ids
			for b.Loop() {
				if t.add(); len(t.p) > transaction {
					t.store(b, s)
				}
			}
			t.store(b, s)
			b.ReportMetric(float64(t.n)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

func (t *traffic) store(tb testing.TB, s *Store) {
	tb.Helper()
	if _, err := s.Write(t.p); err != nil {
		tb.Fatal(err)
	}
	t.p = t.p[:0]
}

// BenchmarkOutput is the whole output as cmd/sigio makes it: messages of a thousand users are parsed
// and queued here, and stored there. The time ends when all are stored.
func BenchmarkOutput(b *testing.B) {
	s, err := Open(filepath.Join(b.TempDir(), "messages.db"), Options{Dedupe: time.Hour})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	o := output.NewWriter(s, output.Options{
		Format: output.AppendRecord, Persist: true, Limit: 16 << 20, Chunk: transaction, Gather: 20 * time.Millisecond,
	})
	room := make(chan struct{}, 1)
	m := by(0, "", "")
	var body []byte
	n := 0
	for b.Loop() {
		body = fmt.Appendf(body[:0], `{"send_user":"user%d","send_time":"2026-11-22T21:14:00Z","send_msg":"seq=%010d ok"}`, n*7919%1000, n)
		m.Parse(body)
		m.ReceivedAt = time.Now()
		for !o.Append(m, nil) {
			o.Room(func() { room <- struct{}{} })
			<-room
		}
		n++
	}
	if err := o.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "messages/s")
}

// BenchmarkQuery finds messages among as many as SIGIO_SQLITE_ROWS says (10000000 takes a minute and
// 1.2 GB to make, in SIGIO_SQLITE_DIR if that is set, where it is used again). Each time it opens the
// database anew.
func BenchmarkQuery(b *testing.B) {
	rows, err := strconv.Atoi(os.Getenv("SIGIO_SQLITE_ROWS"))
	if err != nil {
		rows = 100_000
	}
	dir := os.Getenv("SIGIO_SQLITE_DIR")
	if dir == "" {
		dir = b.TempDir()
	}
	path := filepath.Join(dir, fmt.Sprintf("messages-%d.db", rows))
	if _, err := os.Stat(path); err != nil {
		fill(b, path, rows)
	}
	user, none := "user500", "nobody"
	end := start.Add(time.Duration(rows) * 4 * time.Microsecond)
	for _, bench := range []struct {
		name string
		f    message.Filter
		want int
	}{
		{"user", message.Filter{User: &user, Limit: 100}, 100},
		{"user_that_is_none", message.Filter{User: &none, Limit: 100}, 0},
		{"user_in_the_middle", message.Filter{User: &user, Limit: 100, Until: start.Add(end.Sub(start) / 2)}, min(100, rows/2000)},
		{"newest", message.Filter{Limit: 100}, 100},
		{"since_in_the_middle", message.Filter{Limit: 100, Since: end.Add(-end.Sub(start) / 2)}, 100},
		{"until_in_the_middle", message.Filter{Limit: 100, Until: start.Add(end.Sub(start) / 2)}, 100},
	} {
		b.Run(bench.name, func(b *testing.B) {
			var times []time.Duration
			for b.Loop() {
				began := time.Now()
				n := 0
				r, err := OpenReader(path)
				if err != nil {
					b.Fatal(err)
				}
				err = r.Query(b.Context(), bench.f, func(*message.Message) error { n++; return nil })
				r.Close()
				if err != nil || n != bench.want {
					b.Fatalf("%d messages, want %d: %v", n, bench.want, err)
				}
				times = append(times, time.Since(began))
			}
			slices.Sort(times)
			b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1e3, "p99-ms")
		})
	}
}

// fill makes a database with messages of a thousand users.
func fill(b *testing.B, path string, rows int) {
	b.Helper()
	s, err := Open(path, Options{Dedupe: time.Hour})
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	t := newTraffic(1000)
	for t.n < rows {
		if t.add(); len(t.p) > transaction {
			t.store(b, s)
		}
	}
	t.store(b, s)
	b.Logf("%d messages stored, %.0f a second", rows, float64(rows)/time.Since(began).Seconds())
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
