package netconn

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
)

// timeoutError is what a Dial returns whose time is over; like package net's it is
// context.DeadlineExceeded and says "i/o timeout".
type timeoutError struct{}

func (timeoutError) Error() string     { return "i/o timeout" }
func (timeoutError) Timeout() bool     { return true }
func (timeoutError) Temporary() bool   { return true }
func (timeoutError) Is(err error) bool { return err == context.DeadlineExceeded }

// canceledError is the same for a context that was cancelled.
type canceledError struct{}

func (canceledError) Error() string     { return "operation was canceled" }
func (canceledError) Is(err error) bool { return err == context.Canceled }

// contextError says what the end of a context means for a Dial.
func contextError(ctx context.Context, err error) error {
	switch ctx.Err() {
	case nil:
		return err
	case context.DeadlineExceeded:
		return timeoutError{}
	default:
		return canceledError{}
	}
}

// named gives a bare error number the name of its system call.
func named(call string, err error) error {
	var number syscall.Errno
	if errors.As(err, &number) && err == error(number) {
		return os.NewSyscallError(call, number)
	}
	return err
}

var (
	errMissingAddress = errors.New("missing address")
	errNotPlain       = errors.New("netconn: not a connection that has a descriptor")
)

func unexpectedAddress(address string) error {
	return &net.AddrError{Err: "unexpected address type", Addr: address}
}
