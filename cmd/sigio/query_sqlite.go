package main

import (
	"context"
	"net/url"

	"github.com/seed-067c1534/sigio/internal/sqlite"
	"github.com/seed-067c1534/sigio/message"
)

// sqliteArchive is a database of an output sqlite:PATH.
type sqliteArchive struct{ reader *sqlite.Reader }

func openSQLite(_ context.Context, rest string) (archive, error) {
	path, err := url.PathUnescape(rest) // as in --output
	if err != nil {
		return nil, usagef("sqlite:%s: %v: write %%25 for a %%", rest, err)
	}
	r, err := sqlite.OpenReader(path)
	if err != nil {
		return nil, err
	}
	return sqliteArchive{r}, nil
}

func (a sqliteArchive) find(ctx context.Context, f filter, each func(*message.Message) error) error {
	return a.reader.Query(ctx, f.sqlite(), each)
}

func (a sqliteArchive) follow(ctx context.Context, f filter, each func(*message.Message) error) error {
	return a.reader.Follow(ctx, f.sqlite(), each)
}

func (a sqliteArchive) close() error { return a.reader.Close() }

func (f filter) sqlite() sqlite.Filter {
	return sqlite.Filter{User: f.user, Text: f.text, Since: f.since, Until: f.until, Limit: f.limit}
}
