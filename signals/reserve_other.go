//go:build !linux

package signals

import (
	"errors"
	"fmt"
	"os"
)

// Reserve needs the queue of signals that Linux has.
func Reserve(...os.Signal) error { return fmt.Errorf("signals: reserve: %w", errors.ErrUnsupported) }

type reserved struct{}

func (*reserved) close() {}

func reserve(*hub, int) (*reserved, error) { return nil, nil }
