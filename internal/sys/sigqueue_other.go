//go:build !linux

package sys

import "errors"

// QueueProcess cannot send a value here.
func QueueProcess(int, int, int32) error { return errors.ErrUnsupported }

// QueueThreadOf cannot send a value here.
func QueueThreadOf(int, int, int, int32) error { return errors.ErrUnsupported }

// QueueHandle cannot send a value here.
func QueueHandle(uintptr, int, int32) error { return errors.ErrUnsupported }
