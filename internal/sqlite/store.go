//go:build 386 || amd64 || arm || arm64 || loong64 || ppc64le || riscv64 || s390x

package sqlite

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/output"
)

// Store is a database that is written to. Its Write is to be called by an output.Writer with
// output.AppendRecord as its format, and Persist.
type Store struct {
	path    string
	options Options

	mu     sync.Mutex
	conn   *sqlite.Conn // nil after a failure: opened anew by the next Write
	insert *sqlite.Stmt
	same   *sqlite.Stmt
	index  *index
	msg    message.Message
	closed bool
	stats  Stats

	rows, duplicates atomic.Uint64 // stats after the last transaction
}

// Open opens or makes a database for writing.
func Open(path string, options Options) (*Store, error) {
	s := &Store{path: path, options: options}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("sigio: sqlite: %w", err)
	}
	return s, nil
}

func (s *Store) open() error {
	c, err := open(s.path, true)
	if err != nil {
		return err
	}
	level := "NORMAL"
	if s.options.Sync {
		level = "FULL"
	}
	for _, pragma := range []string{
		"synchronous = " + level,
		// The parts of the indexes that grow stay in memory. SQLite's allocator here gives a page of 8 KiB
		// twice that, so this is 64 MiB.
		"cache_size = -32768",
		"journal_size_limit = 67108864",
		"wal_autocheckpoint = 8192", // pages: as much. At each, writing waits for the disk
	} {
		if err = sqlitex.ExecuteTransient(c, "PRAGMA "+pragma, nil); err != nil {
			break
		}
	}
	if err == nil {
		s.insert, _, err = c.PrepareTransient("INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
	}
	if err == nil {
		s.same, _, err = c.PrepareTransient("SELECT 1 FROM messages WHERE user = ? AND send_id = ? AND received_at > ? LIMIT 1")
	}
	if err == nil {
		s.index, err = newIndex(c)
	}
	if err != nil {
		c.Close()
		return explain(s.path, err)
	}
	s.conn = c
	return nil
}

// Write stores the records in p, all of them or none. A database that is locked, full or gone is an
// error that may pass: the next Write tries anew.
func (s *Store) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, os.ErrClosed
	}
	if s.conn == nil {
		if err := s.open(); err != nil {
			return 0, err
		}
	}
	stats := s.stats
	if err := s.store(p); err != nil {
		s.stats = stats
		if code := sqlite.ErrCode(err).ToPrimary(); code != sqlite.ResultBusy {
			s.drop()
		}
		return 0, explain(s.path, err)
	}
	s.rows.Store(s.stats.Rows)
	s.duplicates.Store(s.stats.Duplicates)
	return len(p), nil
}

func (s *Store) store(p []byte) (err error) {
	if err := sqlitex.ExecuteTransient(s.conn, "BEGIN IMMEDIATE", nil); err != nil {
		return err
	}
	last, err := number(s.conn, lastID)
	for len(p) > 0 && err == nil {
		if p, err = output.NextRecord(p, &s.msg); err == nil {
			err = s.add(&s.msg, &last)
		}
	}
	if err == nil {
		err = s.index.flush()
	}
	if err == nil {
		err = sqlitex.ExecuteTransient(s.conn, "COMMIT", nil)
	}
	s.index.reset()
	if err != nil && !s.conn.AutocommitEnabled() {
		err = errors.Join(err, sqlitex.ExecuteTransient(s.conn, "ROLLBACK", nil))
	}
	return err
}

// lastID is the newest message's id, also if that was deleted. Another process may have stored it.
const lastID = `SELECT max(
	coalesce((SELECT max(id) FROM messages), 0),
	coalesce((SELECT last FROM messages_time ORDER BY latest DESC, first DESC LIMIT 1), 0))`

// add stores a message under the id that follows last.
func (s *Store) add(m *message.Message, last *int64) error {
	at := m.ReceivedAt.UnixNano()
	if m.ID != nil && s.options.Dedupe > 0 {
		switch known, err := s.known(m, at); {
		case err != nil:
			return err
		case known:
			s.stats.Duplicates++
			return nil
		}
	}
	*last++
	i := s.insert
	i.BindInt64(1, *last)
	i.BindInt64(2, at)
	i.BindText(3, string(m.User))
	i.BindText(4, string(m.Time))
	i.BindText(5, string(m.Text))
	bindOptional(i, 6, m.ID, m.ID != nil)
	bindOptional(i, 7, m.Extra, len(m.Extra) > 0)
	i.BindText(8, m.Transport)
	if m.Peer.IsValid() {
		i.BindText(9, m.Peer.String())
	} else {
		i.BindNull(9)
	}
	if flags := flagsOf(m); flags != 0 {
		i.BindInt64(10, flags)
	} else {
		i.BindNull(10)
	}
	if err := run(i); err != nil {
		return err
	}
	s.stats.Rows++
	return s.index.add(m.User, *last, at)
}

// run runs a statement that returns nothing.
func run(s *sqlite.Stmt) error {
	_, err := s.Step()
	return errors.Join(err, s.Reset())
}

func (s *Store) known(m *message.Message, at int64) (bool, error) {
	s.same.BindText(1, string(m.User))
	s.same.BindText(2, string(m.ID))
	s.same.BindInt64(3, at-int64(s.options.Dedupe))
	known, err := s.same.Step()
	return known, errors.Join(err, s.same.Reset())
}

func bindOptional(i *sqlite.Stmt, n int, b []byte, is bool) {
	if is {
		i.BindText(n, string(b))
	} else {
		i.BindNull(n)
	}
}

func flagsOf(m *message.Message) (flags int64) {
	if m.Raw {
		flags |= flagRaw
	}
	if m.InvalidUTF8 {
		flags |= flagInvalidUTF8
	}
	return flags
}

// drop closes the connection. What is wrong with it may be right with the next.
func (s *Store) drop() error {
	if s.conn == nil {
		return nil
	}
	s.insert.Finalize()
	s.same.Finalize()
	s.index.close()
	err := s.conn.Close()
	s.conn = nil
	return err
}

// Reopen opens the path anew, as after a signal SIGHUP: somebody may have moved the file.
func (s *Store) Reopen() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return os.ErrClosed
	}
	s.drop()
	return s.open()
}

// Close closes the database, and moves the log into it unless others have it open.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return s.drop()
}

// Stats returns the counts after the last transaction. It never waits.
func (s *Store) Stats() Stats {
	return Stats{Rows: s.rows.Load(), Duplicates: s.duplicates.Load()}
}
