//go:build !linux

package sys

// OnMainThread says no: only Linux has a mask that the thread must take with it.
func OnMainThread() bool { return false }
