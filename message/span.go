package message

import (
	"encoding/binary"
	"math/bits"
)

// Strings are most of a message, so they are looked through eight bytes at a time. In the masks below the
// lowest bit set marks the first byte found, exactly; bits above it may be wrong, since a subtraction borrows
// upwards, and a sum carries. A byte is less than c, which is at most 0x80, if taking c away sets its highest
// bit; it is c if 1 is taken away from what it differs in.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// quoted returns the index of the first byte of b, from i on, that cannot stand for itself inside a JSON
// string: a quote, a backslash or a control character. It returns len(b) if there is none.
func quoted(b []byte, i int) int {
	for ; len(b)-i >= 8; i += 8 {
		if m := quotedMarks(binary.LittleEndian.Uint64(b[i:])); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	if w, ok := tail(b, i); ok {
		return i + bits.TrailingZeros64(quotedMarks(w))/8
	}
	for ; i < len(b); i++ {
		if c := b[i]; c < ' ' || c == '"' || c == '\\' {
			break
		}
	}
	return i
}

// quotedMarks marks quotes, backslashes and bytes less than a space, and of those from 0x80 on none.
func quotedMarks(w uint64) uint64 {
	return ((w - ones*' ') | ((w ^ ones*'"') - ones) | ((w ^ ones*'\\') - ones)) &^ w & highs
}

// printable returns the index of the first byte of b, from i on, that is not printable ASCII, or that is p or
// q.
func printable(b []byte, i int, p, q byte) int {
	pp, qq := ones*uint64(p), ones*uint64(q)
	for ; len(b)-i >= 8; i += 8 {
		if m := printableMarks(binary.LittleEndian.Uint64(b[i:]), pp, qq); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	if w, ok := tail(b, i); ok {
		return i + bits.TrailingZeros64(printableMarks(w, pp, qq))/8
	}
	for ; i < len(b); i++ {
		if c := b[i]; c < ' ' || c >= 0x7f || c == p || c == q {
			break
		}
	}
	return i
}

// printableMarks marks bytes less than a space, from 0x7f on, and those in p and q.
func printableMarks(w, p, q uint64) uint64 {
	return (w | (w - ones*' ') | (w + ones) | ((w ^ p) - ones) | ((w ^ q) - ones)) & highs
}

// tail returns the less than eight bytes of b from i on as a word, if b has eight bytes at all. Behind them
// it has a zero byte, which is marked as the end.
func tail(b []byte, i int) (w uint64, ok bool) {
	if len(b) < 8 {
		return 0, false
	}
	return binary.LittleEndian.Uint64(b[len(b)-8:]) >> (8 * uint(8-(len(b)-i))), true
}

// isSpace reports whether c is white space between the tokens of JSON.
func isSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t'
}

// space returns the index of the first byte of b, from i on, that is not white space.
func space(b []byte, i int) int {
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	return i
}
