//go:build !(386 || amd64 || arm || arm64 || loong64 || ppc64le || riscv64 || s390x)

package sqlite

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/seed-067c1534/sigio/message"
)

// The SQLite that this package uses is C translated for some architectures, of which this is none.
var errNone = fmt.Errorf("sigio: sqlite: there is no SQLite for %s: %w", runtime.GOARCH, errors.ErrUnsupported)

// Store is a database that is written to, on other architectures.
type Store struct{}

// Open returns an error for which errors.Is finds errors.ErrUnsupported.
func Open(string, Options) (*Store, error) { return nil, errNone }

func (*Store) Write([]byte) (int, error) { return 0, errNone }
func (*Store) Reopen() error             { return errNone }
func (*Store) Close() error              { return nil }
func (*Store) Stats() Stats              { return Stats{} }

// Reader finds messages in a database, on other architectures.
type Reader struct{}

// OpenReader returns an error for which errors.Is finds errors.ErrUnsupported.
func OpenReader(string) (*Reader, error) { return nil, errNone }

func (*Reader) Query(context.Context, message.Filter, func(*message.Message) error) error {
	return errNone
}
func (*Reader) Follow(context.Context, message.Filter, func(*message.Message) error) error {
	return errNone
}
func (*Reader) Close() error { return nil }
