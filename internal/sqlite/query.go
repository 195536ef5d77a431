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
	last int64 // id of the newest message when Query looked; -1 before
}

// OpenReader opens a database that exists.
func OpenReader(path string) (*Reader, error) {
	c, err := open(path, false)
	if err != nil {
		return nil, fmt.Errorf("sigio: sqlite: %w", err)
	}
	return &Reader{path: path, conn: c, last: -1}, nil
}

// Close closes the database.
func (r *Reader) Close() error { return r.conn.Close() }

// newest returns the id of the last message.
func (r *Reader) newest() (int64, error) {
	id, err := number(r.conn, "SELECT coalesce(max(id), 0) FROM messages")
	if err != nil {
		return 0, explain(r.path, err)
	}
	return id, nil
}

// Query calls each with the messages that f wants, the oldest first. Their memory is each's until
// it returns. It ends early with each's error, or ctx's.
//
// The order is that of arrival, second by second by the clock, and in each as they came.
func (r *Reader) Query(ctx context.Context, f message.Filter, each func(*message.Message) error) (err error) {
	if r.last, err = r.newest(); err != nil {
		return err
	}
	q := indexed(f)
	q.where("id <= ?", r.last)
	if f.Limit <= 0 {
		return r.run(ctx, q, "latest, first, id", each)
	}
	var newest []*message.Message
	err = r.run(ctx, q, fmt.Sprintf("latest DESC, first DESC, id DESC LIMIT %d", f.Limit), func(m *message.Message) error {
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

// Follow calls each with the messages that f wants, whatever its Since and Limit, and that are
// stored after a Query, in the order in which they are stored, until ctx ends, which is no error.
// Without a Query before, it begins with those that come from now on.
func (r *Reader) Follow(ctx context.Context, f message.Filter, each func(*message.Message) error) (err error) {
	if r.last < 0 {
		if r.last, err = r.newest(); err != nil {
			return err
		}
	}
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	for {
		newest, err := r.newest()
		if err != nil {
			return err
		}
		q := rows(f)
		q.where("id > ?", r.last)
		q.where("id <= ?", newest)
		err = r.run(ctx, q, "id", each)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		r.last = newest
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// query is a SELECT of messages.
type query struct {
	from   string
	terms  []string
	values []any
}

func (q *query) where(term string, value any) {
	q.terms = append(q.terms, term)
	q.values = append(q.values, value)
}

// rows is what f says of a message, but its Since.
func rows(f message.Filter) *query {
	q := &query{from: "messages"}
	if f.User != nil {
		q.where("user = ?", *f.User)
	}
	if !f.Until.IsZero() {
		q.where("received_at < ?", f.Until.UnixNano())
	}
	if f.Text != "" {
		q.where("instr(text, ?) > 0", f.Text)
	}
	return q
}

// indexed is f by an index.
func indexed(f message.Filter) *query {
	q := rows(f)
	q.from = "by_time"
	if f.User != nil {
		q.from = "by_user"
	}
	if !f.Since.IsZero() {
		q.where("received_at >= ?", f.Since.UnixNano())
		q.where("latest >= ?", f.Since.UnixNano())
	}
	if !f.Until.IsZero() {
		q.where("latest < ?", f.Until.UnixNano()+chunkSpan)
	}
	return q
}

func (q *query) text(order string) string {
	text := "SELECT received_at, user, time, text, send_id, extra, transport, peer, flags FROM " + q.from
	if len(q.terms) > 0 {
		text += " WHERE " + strings.Join(q.terms, " AND ")
	}
	return text + " ORDER BY " + order
}

func (r *Reader) run(ctx context.Context, q *query, order string, each func(*message.Message) error) error {
	r.conn.SetInterrupt(ctx.Done())
	defer r.conn.SetInterrupt(nil)
	s, _, err := r.conn.PrepareTransient(q.text(order))
	if err != nil {
		return explain(r.path, err)
	}
	defer s.Finalize()
	for i, v := range q.values {
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
		if err := each(scan(s)); err != nil {
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
