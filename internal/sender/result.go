package sender

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

// Result is what became of the messages.
//
// Sent means that the kernel took the bytes and no refusal has come back. No protocol tells a client
// more than that unless the server answers: a datagram may be dropped, and what was written to a
// connection is lost if the server ends before it has read it.
type Result struct {
	Sent     int
	Failed   int
	Failures map[string]int // Failed by cause, such as "connection refused"; nil if there are none
	First    error          // the first failure
	Bytes    int64          // what the kernel took, newlines included
	Duration time.Duration
}

// Err returns nil if no message has failed, or an error that says how many have, and wraps the
// first failure.
func (r *Result) Err() error {
	switch total := r.Sent + r.Failed; {
	case r.Failed == 0:
		return nil
	case total == 1:
		return fmt.Errorf("sigio: the message was not sent: %w", r.First)
	default:
		return fmt.Errorf("sigio: %d of %d messages were not sent; the first: %w", r.Failed, total, r.First)
	}
}

// count records a message of n bytes that was sent, or why it was not.
func (r *run) count(n int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.result.Sent++
		r.result.Bytes += int64(n)
	} else {
		r.fail(err)
	}
	r.progress()
}

// recount makes a failure of a message that was counted as sent.
func (r *run) recount(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Sent--
	r.fail(err)
	r.progress()
}

// fail records a failure. mu is held.
func (r *run) fail(err error) {
	s := &r.result
	s.Failed++
	if s.Failures == nil {
		s.First = err
		s.Failures = make(map[string]int)
	}
	s.Failures[cause(err)]++
}

// progress calls Progress. mu is held, so that the calls come one at a time.
func (r *run) progress() {
	if r.cfg.Progress != nil {
		r.cfg.Progress(r.result.Sent, r.result.Failed, time.Since(r.start))
	}
}

// cause names an error without what differs from one message to the next, such as ports.
func cause(err error) string {
	var (
		timeout net.Error
		lookup  *net.DNSError
		errno   syscall.Errno
		d       *Distrust
	)
	switch {
	case errors.As(err, &d):
		return d.Cause
	case errors.As(err, &lookup) && lookup.IsNotFound:
		return "no such host"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "timed out"
	case errors.As(err, &errno):
		return errno.Error()
	}
	return err.Error()
}
