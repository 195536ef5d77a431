//go:build !linux

package sigio

import "errors"

func canSignal(int) error { return errors.ErrUnsupported }
