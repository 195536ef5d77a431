package sigio

import (
	"fmt"
	"runtime/debug"
)

// PanicError is why a loop ended: a handler, or a function that it ran, panicked.
type PanicError struct {
	// Where names the code: a descriptor's handler, a posted function, a timer.
	Where string
	// Value is what it panicked with.
	Value any
	// Stack is the stack at that time, as debug.Stack prints it.
	Stack []byte
}

// where names the code that runs now.
func (l *Loop) where() string {
	switch {
	case l.serving != nil:
		return l.serving.describe()
	case l.doing != "":
		return l.doing
	default:
		return "the loop itself"
	}
}

func newPanicError(where string, value any) *PanicError {
	return &PanicError{Where: where, Value: value, Stack: debug.Stack()}
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("sigio: panic in %s: %v", e.Where, e.Value)
}

// Unwrap returns the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}
