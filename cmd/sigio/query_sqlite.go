package main

import (
	"context"
	"net/url"
	"strings"

	"github.com/seed-067c1534/sigio/internal/sqlite"
)

// openSQLite opens the database of an output sqlite:PATH.
func openSQLite(_ context.Context, rest string) (archive, error) {
	if name, parameters, found := strings.Cut(rest, "?"); found {
		return nil, usagef("sqlite:%s: want no parameters, which are for --output: not %s", name, parameters)
	}
	path, err := url.PathUnescape(rest) // as in --output
	if err != nil {
		return nil, usagef("sqlite:%s: %v: write %%25 for a %%", rest, err)
	}
	return sqlite.OpenReader(path)
}
