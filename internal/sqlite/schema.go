//go:build 386 || amd64 || arm || arm64 || loong64 || ppc64le || riscv64 || s390x

package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// applicationID marks our databases in their header, "sigo" (PRAGMA application_id); version is
// the one of the schema (PRAGMA user_version).
const (
	applicationID = 0x7369676f
	version       = 2
)

// In the views, CROSS JOIN is for SQLite's planner: the tables are to be read in this order. The
// user is compared once more in case that somebody deleted messages and their ids came back.
const schema = `
CREATE TABLE messages (
	id          INTEGER PRIMARY KEY, -- in the order of arrival
	received_at INTEGER NOT NULL,    -- nanoseconds since 1970
	user        TEXT NOT NULL,
	time        TEXT NOT NULL,       -- as the sender wrote it
	text        TEXT NOT NULL,
	send_id     TEXT,
	extra       TEXT,                -- further members, JSON without the braces
	transport   TEXT,
	peer        TEXT,
	flags       INTEGER              -- 1 raw, 2 invalid UTF-8; NULL for 0
);
CREATE INDEX messages_send_id ON messages (send_id, user) WHERE send_id IS NOT NULL;
CREATE TABLE messages_time (         -- messages that arrived within a second
	latest INTEGER NOT NULL,         -- received_at of the latest
	first  INTEGER NOT NULL,         -- their ids: from this one
	last   INTEGER NOT NULL,         -- to this one
	PRIMARY KEY (latest, first)
) WITHOUT ROWID;
CREATE TABLE messages_user (         -- messages of one user that arrived within a second
	user   TEXT NOT NULL,
	latest INTEGER NOT NULL,         -- received_at of the latest
	first  INTEGER NOT NULL,         -- id of the first
	ids    TEXT NOT NULL,            -- a JSON array of all their ids, each minus first
	PRIMARY KEY (user, latest, first)
) WITHOUT ROWID;
CREATE VIEW by_time AS
	SELECT m.*, t.latest, t.first
	FROM messages_time t CROSS JOIN messages m ON m.id BETWEEN t.first AND t.last;
CREATE VIEW by_user AS
	SELECT m.id, m.received_at, u.user, m.time, m.text, m.send_id, m.extra, m.transport, m.peer, m.flags, u.latest, u.first
	FROM messages_user u CROSS JOIN messages m
	ON m.id IN (SELECT u.first + value FROM json_each(u.ids)) AND m.user = u.user;
PRAGMA application_id = %d;
PRAGMA user_version = %d;
`

const (
	flagRaw = 1 << iota
	flagInvalidUTF8
)

// busyFor is how long a statement waits for another process that holds a lock.
const busyFor = time.Second

// fileMode is the mode of a new database: what others send to us is not for everybody.
const fileMode = 0o640

// open opens a database of ours, or, to be written to, makes one.
func open(path string, write bool) (*sqlite.Conn, error) {
	flags := sqlite.OpenReadOnly
	if write {
		flags = sqlite.OpenReadWrite
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file: want one, such as %s", path, filepath.Join(filepath.Dir(path), "messages.db"))
	case errors.Is(err, os.ErrNotExist) && write:
		// SQLite gives its other files the mode of this one.
		var file *os.File
		if file, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE, fileMode); err == nil {
			err = file.Close()
		}
	}
	if err != nil {
		return nil, err
	}
	c, err := sqlite.OpenConn(path, flags)
	if err != nil {
		return nil, explain(path, err)
	}
	c.SetBusyTimeout(busyFor)
	if err := check(c, path, write); err != nil {
		c.Close()
		return nil, explain(path, err)
	}
	return c, nil
}

// check makes sure that the database is ours, and gives an empty one its tables.
func check(c *sqlite.Conn, path string, write bool) error {
	id, err := number(c, "PRAGMA application_id")
	if err != nil {
		return err
	}
	have, err := number(c, "PRAGMA user_version")
	if err != nil {
		return err
	}
	tables, err := number(c, "SELECT count(*) FROM sqlite_schema")
	switch {
	case err != nil:
		return err
	case id == 0 && tables == 0 && write:
		return create(c)
	case id == 0 && tables == 0:
		return errors.New("it has no messages yet")
	case id != applicationID:
		return errors.New("it is a database of another program")
	case have != version:
		return fmt.Errorf("its schema has version %d, this program knows %d: use the sigio that made it, or another file", have, version)
	}
	return nil
}

func create(c *sqlite.Conn) error {
	// A page holds some 50 messages. Larger ones than SQLite's 4 KiB make inserting quicker, as fewer
	// are split. Still larger ones do not: to split one, SQLite wants more memory than its allocator
	// here has without a system call.
	if err := sqlitex.ExecuteTransient(c, "PRAGMA page_size = 8192", nil); err != nil {
		return err
	}
	if err := sqlitex.ExecuteTransient(c, "PRAGMA journal_mode = WAL", nil); err != nil {
		return err
	}
	// One transaction: another process may do the same.
	return sqlitex.ExecuteScript(c, fmt.Sprintf(schema, applicationID, version), nil)
}

func number(c *sqlite.Conn, query string) (n int64, err error) {
	err = sqlitex.ExecuteTransient(c, query, &sqlitex.ExecOptions{
		ResultFunc: func(s *sqlite.Stmt) error { n = s.ColumnInt64(0); return nil },
	})
	return n, err
}

// explain says in words what SQLite says in codes (https://www.sqlite.org/rescode.html).
func explain(path string, err error) error {
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultNotADB:
		return fmt.Errorf("%s is not a SQLite database: want another file", path)
	case sqlite.ResultBusy, sqlite.ResultLocked:
		return fmt.Errorf("%s is locked by another program: %w", path, err)
	case sqlite.ResultCorrupt:
		return fmt.Errorf("%s is damaged: save it, and get back what can be read with sqlite3 %s .recover: %w", path, path, err)
	case sqlite.ResultFull:
		return fmt.Errorf("%s: no space left: %w", path, err)
	case sqlite.ResultReadOnly:
		return fmt.Errorf("%s may only be read: %w", path, err)
	}
	return fmt.Errorf("%s: %w", path, err)
}
