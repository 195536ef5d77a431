package message

import "unicode/utf8"

// A form is a way to write a string so that it stays on its line and shows itself.
type form uint8

const (
	// visible is for people: \\ for a backslash, \n \r \t, \x1b for other control characters, \u202e for
	// those outside of ASCII, and \xff for a byte that is not UTF-8. Each escape begins with a backslash, and
	// a backslash that was sent is doubled, so the bytes can be found back.
	visible form = iota
	// quotable is for the inside of a JSON string. A byte that is not UTF-8 becomes U+FFFD.
	quotable
	// verbatim is for text that is JSON already, where a quote and a backslash mean what they say. A control
	// character can there be only white space between tokens, and becomes a space; others are inside strings,
	// where \u007f means the same. A byte that is not UTF-8 becomes \xff, which is not JSON: but neither was
	// it before.
	verbatim
)

const digits = "0123456789abcdef"

// escape appends s in a form.
func escape(dst, s []byte, f form) []byte {
	for {
		n := clean(s, f)
		dst = append(dst, s[:n]...)
		if n == len(s) {
			return dst
		}
		s = s[n:]
		c, n := s[0], 1
		if c < utf8.RuneSelf {
			dst = escapeASCII(dst, c, f)
		} else if r, size := utf8.DecodeRune(s); size > 1 {
			dst = append(dst, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
			n = size
		} else if f == quotable {
			dst = utf8.AppendRune(dst, utf8.RuneError)
		} else {
			dst = append(dst, '\\', 'x', digits[c>>4], digits[c&15])
		}
		s = s[n:]
	}
}

// clean returns how many bytes at the start of s stand for themselves in a form.
func clean(s []byte, f form) int {
	var p, q byte // what else must be escaped; NUL is anyway
	switch f {
	case visible:
		p = '\\'
	case quotable:
		p, q = '\\', '"'
	}
	for i := 0; ; {
		i = printable(s, i, p, q)
		if i == len(s) || s[i] < utf8.RuneSelf {
			return i
		}
		r, n := utf8.DecodeRune(s[i:])
		if n == 1 || hidden(r) {
			return i
		}
		i += n
	}
}

// escapeASCII appends a character that needs an escape.
func escapeASCII(dst []byte, c byte, f form) []byte {
	switch {
	case c == '"' || c == '\\':
		return append(dst, '\\', c)
	case f == verbatim && c < ' ':
		return append(dst, ' ')
	case c == '\n':
		return append(dst, '\\', 'n')
	case c == '\r':
		return append(dst, '\\', 'r')
	case c == '\t':
		return append(dst, '\\', 't')
	case f == visible:
		return append(dst, '\\', 'x', digits[c>>4], digits[c&15])
	}
	return append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
}

// hidden reports whether a character outside of ASCII could act on a terminal or on the order of what is
// read: the C1 controls, the marks, embeddings, overrides and isolates of bidirectional text (Unicode
// Standard Annex 9, section 2), and the line and paragraph separators. All are below U+10000.
func hidden(r rune) bool {
	switch {
	case r < 0x61c:
		return r < 0xa0
	case r == 0x61c:
		return true
	case r < 0x200e || r > 0x2069:
		return false
	}
	return r <= 0x200f || 0x2028 <= r && r <= 0x202e || r >= 0x2066
}
