//go:build !linux

package sys

import "errors"

func Kind(int) (Network, bool, error) { return 0, false, errors.ErrUnsupported }
