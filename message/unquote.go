package message

import (
	"unicode/utf16"
	"unicode/utf8"
)

// unquote appends to dst what the JSON string means that begins, behind its quote, at b[i]. It returns the
// index behind the closing quote, or -1 if there is no valid string.
func unquote(dst, b []byte, i int) ([]byte, int) {
	for {
		j := quoted(b, i)
		dst = append(dst, b[i:j]...)
		if j == len(b) {
			return dst, -1
		}
		switch b[j] {
		case '"':
			return dst, j + 1
		case '\\':
			if dst, i = unescape(dst, b, j+1); i < 0 {
				return dst, -1
			}
		default:
			return dst, -1
		}
	}
}

// unescape appends the character for the escape whose backslash is at b[i-1], and returns the index behind it
// or -1.
func unescape(dst, b []byte, i int) ([]byte, int) {
	if i == len(b) {
		return dst, -1
	}
	c := b[i]
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		r := unit(b, i+1)
		if r < 0 {
			return dst, -1
		}
		i += 5
		if utf16.IsSurrogate(r) {
			// Only a high half with its low half right behind it is a character. Otherwise this half stands
			// for U+FFFD alone, and what follows is read for itself.
			low := rune(-1)
			if i+1 < len(b) && b[i] == '\\' && b[i+1] == 'u' {
				low = unit(b, i+2)
			}
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				i += 6
			}
		}
		return utf8.AppendRune(dst, r), i
	default:
		return dst, -1
	}
	return append(dst, c), i + 1
}

// unit returns the UTF-16 unit that four hexadecimal digits at b[i] make, or -1.
func unit(b []byte, i int) rune {
	if len(b)-i < 4 {
		return -1
	}
	var r rune
	for _, c := range b[i : i+4] {
		d := hex(c)
		if d < 0 {
			return -1
		}
		r = r<<4 | d
	}
	return r
}
