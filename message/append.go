package message

import (
	"bytes"
	"time"
)

// AppendText appends the message as a line for people, ending in "\n", and returns the extended slice:
//
//	2026-11-22 21:14:00 user0042: hello
//
// These are send_time, send_user and send_msg; of a raw message it is the text alone. In all of them a
// newline is written as \n, a carriage return as \r, a tab as \t, other control characters as \x1b, those
// outside of ASCII and the other characters named in the package's description as \u202e, and a backslash as
// two. So every backslash in the line belongs to such an escape, and what was sent can be told from it.
func AppendText(dst []byte, m *Message) []byte {
	if !m.Raw {
		dst = escape(dst, m.Time, visible)
		dst = append(dst, ' ')
		dst = escape(dst, m.User, visible)
		dst = append(dst, ": "...)
	}
	dst = escape(dst, m.Text, visible)
	return append(dst, '\n')
}

// AppendRaw appends the message's own bytes, which is Body, as a line ending in "\n", and returns the
// extended slice.
//
// Of a raw message, what cannot stand in a line is escaped as by AppendText, a backslash too, and a byte that
// is not UTF-8 as \xff: so the bytes that were sent can be got back from the line. An object stays the JSON
// that it was, on one line: control characters between its tokens become spaces, and those in its strings
// that JSON allows but a terminal should not get are written as \u009b. Only bytes that are not UTF-8 are
// \xff there too.
func AppendRaw(dst []byte, m *Message) []byte {
	f := verbatim
	if m.Raw {
		f = visible
	}
	dst = escape(dst, m.Body, f)
	return append(dst, '\n')
}

// AppendJSON appends the message as one JSON object in a line ending in "\n", and returns the extended slice.
// The members are, in this order and without white space:
//
//	send_user, send_time, send_msg   strings; in a raw message the first two are empty
//	send_id                          string, if there is one
//	...                              the further members that the sender wrote
//	raw, invalid_utf8                true, if they are
//	transport                        string
//	peer                             string, "ip:port"; empty if there is none
//	received_at                      string, RFC 3339 with nanoseconds where there are any, in the zone of ReceivedAt
//
// No name occurs twice, if Extra is as Parse left it. A sender cannot speak for the receiver: a further
// member with the name of one of the last five gets an underscore in front, and so does one with underscores
// before such a name: peer becomes _peer, and _peer becomes __peer.
func AppendJSON(dst []byte, m *Message) []byte {
	dst = member(dst, `{"send_user":"`, m.User)
	dst = member(dst, `,"send_time":"`, m.Time)
	dst = member(dst, `,"send_msg":"`, m.Text)
	if m.ID != nil {
		dst = member(dst, `,"send_id":"`, m.ID)
	}
	if len(m.Extra) > 0 {
		dst = append(dst, ',')
		dst = appendExtra(dst, m.Extra)
	}
	if m.Raw {
		dst = append(dst, `,"raw":true`...)
	}
	if m.InvalidUTF8 {
		dst = append(dst, `,"invalid_utf8":true`...)
	}
	var b [64]byte
	dst = member(dst, `,"transport":"`, append(b[:0], m.Transport...))
	// Escaped like any other: an IPv6 zone is the name of an interface, which may hold a quote.
	dst = member(dst, `,"peer":"`, m.Peer.AppendTo(b[:0]))
	dst = append(dst, `,"received_at":"`...)
	dst = m.ReceivedAt.AppendFormat(dst, time.RFC3339Nano)
	return append(dst, "\"}\n"...)
}

// AppendString appends s as a JSON string, with the escapes that AppendJSON writes, and returns the extended
// slice. It is for whoever makes an Extra.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	dst = escape(dst, []byte(s), quotable)
	return append(dst, '"')
}

// member appends a string behind its name.
func member(dst []byte, name string, s []byte) []byte {
	dst = append(dst, name...)
	dst = escape(dst, s, quotable)
	return append(dst, '"')
}

// appendExtra appends further members without the white space between their tokens.
func appendExtra(dst, x []byte) []byte {
	depth, name := 0, true
	for i := 0; i < len(x); {
		c := x[i]
		i++
		switch {
		case c == '"':
			end := stringEnd(x, i)
			dst = append(dst, '"')
			if name && reserved(x[i:end]) {
				dst = append(dst, '_')
			}
			name = false
			dst = escape(dst, x[i:end], verbatim)
			dst = append(dst, '"')
			i = end + 1
			continue
		case c <= ' ':
			continue
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		case c == ',' && depth == 0:
			name = true
		}
		dst = escape(dst, x[i-1:i], verbatim)
	}
	return dst
}

// stringEnd returns the index of the quote that ends the JSON string whose inside begins at b[i], or len(b).
func stringEnd(b []byte, i int) int {
	for {
		i = quoted(b, i)
		switch {
		case i >= len(b):
			return len(b)
		case b[i] == '"':
			return i
		case b[i] == '\\':
			i++
		}
		i++
	}
}

// reserved reports whether a name, as it stands between its quotes, is one of the receiver's own or could
// become one by losing underscores.
func reserved(name []byte) bool {
	if bytes.IndexByte(name, '\\') >= 0 {
		var b [64]byte
		name, _ = unquote(b[:0], name, 0)
	}
	switch string(bytes.TrimLeft(name, "_")) {
	case "raw", "invalid_utf8", "transport", "peer", "received_at":
		return true
	}
	return false
}
