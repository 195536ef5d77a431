package message

import (
	"bytes"
	"time"
)

// A Filter says which of many messages are wanted. Its zero value wants all.
type Filter struct {
	// User is the only user whose messages are wanted; nil stands for any. Raw messages have the user "".
	User *string
	// Text is what the text of a message must contain, byte for byte.
	Text string
	// Since is the earliest moment of arrival, and Until the one from which on they are too late. The zero time
	// is no bound.
	Since, Until time.Time
	// Limit is how many are wanted, the newest of them; 0 is no bound. It says nothing about one message: whoever
	// looks for them keeps to it.
	Limit int
}

// Wants reports whether m is wanted, as far as it can be said of one message.
func (f *Filter) Wants(m *Message) bool {
	return (f.User == nil || *f.User == string(m.User)) &&
		(f.Text == "" || bytes.Contains(m.Text, []byte(f.Text))) &&
		(f.Since.IsZero() || !m.ReceivedAt.Before(f.Since)) &&
		(f.Until.IsZero() || m.ReceivedAt.Before(f.Until))
}
