//go:build 386 || amd64 || arm || arm64 || loong64 || ppc64le || riscv64 || s390x

package sqlite

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/seed-067c1534/sigio/message"
)

// Reader finds messages in a database, also while a Store writes to it.
type Reader struct {
	path string
	conn *sqlite.Conn
	last int64 // received_at of the newest message that was found
}

// OpenReader opens a database that exists.
func OpenReader(path string) (*Reader, error) {
	c, err := open(path, false)
	if err != nil {
		return nil, fmt.Errorf("sigio: sqlite: %w", err)
	}
	return &Reader{path: path, conn: c}, nil
}

// Close closes the database.
func (r *Reader) Close() error { return r.conn.Close() }

const columns = "SELECT received_at, user, time, text, send_id, extra, transport, peer, flags FROM messages"

// Query calls each with the messages that f wants, the oldest first. Their memory is each's until
// it returns. It ends early with each's error, or ctx's.
func (r *Reader) Query(ctx context.Context, f Filter, each func(*message.Message) error) error {
	where, values := f.where()
	if f.Limit <= 0 {
		return r.run(ctx, columns+where+" ORDER BY received_at", values, each)
	}
	var newest []*message.Message
	err := r.run(ctx, fmt.Sprintf("%s%s ORDER BY received_at DESC LIMIT %d", columns, where, f.Limit), values,
		func(m *message.Message) error {
			kept := *m
			newest = append(newest, &kept)
			return nil
		})
	if err != nil {
		return err
	}
	for _, m := range slices.Backward(newest) {
		if err := each(m); err != nil {
			return err
		}
	}
	return nil
}

// followEvery is how often Follow looks for new messages.
const followEvery = 100 * time.Millisecond

// Follow calls each with the messages that come after those that were found, until ctx ends, which
// is no error. Without a Query before, it begins with those that come from now on.
func (r *Reader) Follow(ctx context.Context, f Filter, each func(*message.Message) error) error {
	if r.last == 0 {
		var err error
		if r.last, err = number(r.conn, "SELECT coalesce(max(received_at), 0) FROM messages"); err != nil {
			return explain(r.path, err)
		}
	}
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	f.Since = time.Time{}
	where, values := f.where()
	if where == "" {
		where = " WHERE received_at > ?"
	} else {
		where += " AND received_at > ?"
	}
	for {
		err := r.run(ctx, columns+where+" ORDER BY received_at", append(values[:len(values):len(values)], r.last), each)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// where is f in SQL, with its values.
func (f *Filter) where() (text string, values []any) {
	var terms []string
	add := func(term string, value any) {
		terms = append(terms, term)
		values = append(values, value)
	}
	if f.User != nil {
		add("user = ?", *f.User)
	}
	if !f.Since.IsZero() {
		add("received_at >= ?", f.Since.UnixNano())
	}
	if !f.Until.IsZero() {
		add("received_at < ?", f.Until.UnixNano())
	}
	if f.Text != "" {
		add("instr(text, ?) > 0", f.Text)
	}
	if len(terms) > 0 {
		text = " WHERE " + strings.Join(terms, " AND ")
	}
	return text, values
}

func (r *Reader) run(ctx context.Context, query string, values []any, each func(*message.Message) error) error {
	r.conn.SetInterrupt(ctx.Done())
	defer r.conn.SetInterrupt(nil)
	s, _, err := r.conn.PrepareTransient(query)
	if err != nil {
		return explain(r.path, err)
	}
	defer s.Finalize()
	for i, v := range values {
		switch v := v.(type) {
		case string:
			s.BindText(i+1, v)
		case int64:
			s.BindInt64(i+1, v)
		}
	}
	for {
		more, err := s.Step()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return explain(r.path, err)
		case !more:
			return nil
		}
		m := scan(s)
		r.last = max(r.last, s.ColumnInt64(0))
		if err := each(m); err != nil {
			return err
		}
	}
}

func scan(s *sqlite.Stmt) *message.Message {
	m := &message.Message{
		ReceivedAt: time.Unix(0, s.ColumnInt64(0)),
		User:       text(s, 1),
		Time:       text(s, 2),
		Text:       text(s, 3),
		Extra:      text(s, 5),
		Transport:  s.ColumnText(6),
	}
	if !s.ColumnIsNull(4) {
		m.ID = text(s, 4)
	}
	m.Peer, _ = netip.ParseAddrPort(s.ColumnText(7)) // none is NULL
	flags := s.ColumnInt64(8)
	m.Raw, m.InvalidUTF8 = flags&flagRaw != 0, flags&flagInvalidUTF8 != 0
	return m
}

func text(s *sqlite.Stmt, column int) []byte { return []byte(s.ColumnText(column)) }
