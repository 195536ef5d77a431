package message

import (
	"bytes"
	"net/netip"
	"slices"
	"time"
	"unicode/utf8"
)

// A Message is one message and where it came from.
//
// Parse fills the first group of fields, whoever received the bytes the second. A Message holds memory that
// the next Parse uses again, so one per goroutine that parses is enough, and one per connection too many. It
// must not be copied while its fields are in use, nor used by several goroutines during Parse; the Append
// functions only read it.
type Message struct {
	// User, Time and Text are send_user, send_time and send_msg without their JSON escapes. The time is
	// whatever the sender wrote. In a raw message Text is Body, and the others are empty.
	User, Time, Text []byte
	// ID is send_id; nil if there is none. A send_id that is not a string is among Extra.
	ID []byte
	// Extra has the further members in their order, each as the sender wrote it, with commas between:
	// `"k":1,"l":[true]`. Their names differ from one another. It is nil if there are none.
	Extra []byte
	// Body has the bytes received, without one newline (LF or CR LF) at their end.
	Body []byte
	// Raw says that Body is not an object as in the package's description.
	Raw bool
	// InvalidUTF8 says that Body is not valid UTF-8. In all other fields each such byte is U+FFFD.
	InvalidUTF8 bool

	// Transport says how the message came: "udp", "tcp" and so on.
	Transport string
	// Peer is the sender's address; the zero value where there is none, as with a Unix socket.
	Peer netip.AddrPort
	// ReceivedAt is when the message was read.
	ReceivedAt time.Time

	text  []byte   // memory for strings with escapes and for a repaired body
	extra []byte   // memory for Extra
	names [][]byte // memory for the names in Extra
}

// The members that an object must have.
const (
	hasUser = 1 << iota
	hasTime
	hasText
	hasID

	required = hasUser | hasTime | hasText
)

// Parse sets m to the message whose bytes are body. It cannot fail: what is not an object as in the package's
// description is a raw message.
//
// The fields that it sets alias body or memory of m: they are valid until body is changed or Parse is called
// again. It allocates only until m's memory fits the messages that come. Transport, Peer and ReceivedAt stay
// as they are.
func (m *Message) Parse(body []byte) {
	if n := len(body); n > 0 && body[n-1] == '\n' {
		body = trimCR(body[:n-1])
	}
	m.Body, m.InvalidUTF8 = body, false
	m.text, m.extra, m.names = m.text[:0], m.extra[:0], m.names[:0]
	if !utf8.Valid(body) {
		m.InvalidUTF8 = true
		m.text = appendValid(m.text, body)
		body = m.text
	}
	m.User, m.Time, m.Text, m.ID, m.Extra = nil, nil, nil, nil, nil
	m.Raw = !m.object(body)
	if m.Raw {
		m.User, m.Time, m.Text, m.ID, m.Extra = nil, nil, body, nil, nil
	}
}

// object reads b, which is valid UTF-8, and reports whether it is an object with the three strings.
func (m *Message) object(b []byte) bool {
	i := space(b, 0)
	if i == len(b) || b[i] != '{' {
		return false
	}
	for has := 0; ; {
		i = space(b, i+1)
		if i == len(b) || b[i] != '"' {
			return false // also an empty object, or a comma with nothing behind it
		}
		start := i
		var name []byte
		if n := usual(b[i+1:]); n > 0 {
			name, i = b[i+1:i+n], i+1+n
		} else if name, i = m.str(b, i+1); i < 0 {
			return false
		}
		i = space(b, i)
		if i == len(b) || b[i] != ':' {
			return false
		}
		i = space(b, i+1)
		if i == len(b) {
			return false
		}
		bit := known(name)
		if has&bit != 0 {
			return false
		}
		has |= bit
		if bit&required != 0 || bit == hasID && b[i] == '"' {
			if b[i] != '"' {
				return false
			}
			var s []byte
			if s, i = m.str(b, i+1); i < 0 {
				return false
			}
			switch bit {
			case hasUser:
				m.User = s
			case hasTime:
				m.Time = s
			case hasText:
				m.Text = s
			case hasID:
				m.ID = s
			}
		} else {
			g := grammar{depth: 1, base: 1}
			n, v := g.scan(b[i:])
			if v != done {
				return false
			}
			i += n
			m.keep(name, b[start:i])
		}
		i = space(b, i)
		if i == len(b) {
			return false
		}
		switch b[i] {
		case ',':
		case '}':
			return has&required == required && space(b, i+1) == len(b) && m.unique()
		default:
			return false
		}
	}
}

// known returns the bit for a name that has a field of its own, or 0.
func known(name []byte) int {
	switch string(name) {
	case "send_user":
		return hasUser
	case "send_time":
		return hasTime
	case "send_msg":
		return hasText
	case "send_id":
		return hasID
	}
	return 0
}

// usual returns the length, with the quote at its end, of the name that b begins with, behind its quote, if
// that is one that nearly every message has; otherwise 0. To compare is quicker than to look for the quote.
func usual(b []byte) int {
	switch {
	case len(b) < 10:
	case string(b[:10]) == `send_user"`, string(b[:10]) == `send_time"`:
		return 10
	case string(b[:9]) == `send_msg"`:
		return 9
	}
	return 0
}

// str returns what the string means that begins, behind its quote, at b[i], and the index behind it; -1 if it
// is invalid.
func (m *Message) str(b []byte, i int) ([]byte, int) {
	j := quoted(b, i)
	if j < len(b) && b[j] == '"' {
		return b[i:j:j], j + 1
	}
	start := len(m.text)
	m.text, j = unquote(m.text, b, i)
	return m.text[start:len(m.text):len(m.text)], j
}

// keep adds a member to Extra.
func (m *Message) keep(name, member []byte) {
	if len(m.extra) > 0 {
		m.extra = append(m.extra, ',')
	}
	m.extra = append(m.extra, member...)
	m.Extra = m.extra
	m.names = append(m.names, name)
}

// unique reports whether the names in Extra differ. It sorts them, so that an object of nothing but names
// does not cost the square of its length.
func (m *Message) unique() bool {
	slices.SortFunc(m.names, bytes.Compare)
	for i := 1; i < len(m.names); i++ {
		if bytes.Equal(m.names[i-1], m.names[i]) {
			return false
		}
	}
	return true
}

// appendValid appends b with U+FFFD for each byte that is not part of valid UTF-8.
func appendValid(dst, b []byte) []byte {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		dst = utf8.AppendRune(dst, r)
		b = b[n:]
	}
	return dst
}

// trimCR takes one carriage return from the end of a line.
func trimCR(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == '\r' {
		return b[:n-1]
	}
	return b
}
