//go:build !linux

package scenario

import (
	"context"
	"errors"
)

// Other systems send SIGIO without a descriptor or a reason: nothing to show.
type env struct{}

func table() []Scenario { return nil }

// Run returns errors.ErrUnsupported: the signals are Linux's.
func Run(context.Context, Scenario) (Result, error) { return Result{}, errors.ErrUnsupported }
