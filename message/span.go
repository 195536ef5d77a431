package message

import (
	"encoding/binary"
	"math/bits"
)

// Strings are most of a message, so they are looked through eight bytes at a time. In the masks below the
// lowest bit set marks the first byte found, exactly; bits above it may be wrong, since a subtraction borrows
// upwards.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// below marks bytes less than n, which is at most 0x80.
func below(w uint64, n uint64) uint64 { return (w - ones*n) &^ w & highs }

// equal marks bytes that are c.
func equal(w uint64, c byte) uint64 { return below(w^ones*uint64(c), 1) }

// quoted returns the index of the first byte of b, from i on, that cannot stand for itself inside a JSON
// string: a quote, a backslash or a control character. It returns len(b) if there is none.
func quoted(b []byte, i int) int {
	for ; len(b)-i >= 8; i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		if m := below(w, ' ') | equal(w, '"') | equal(w, '\\'); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c < ' ' || c == '"' || c == '\\' {
			break
		}
	}
	return i
}

// printable returns the index of the first byte of b, from i on, that is not printable ASCII, or that is p or
// q.
func printable(b []byte, i int, p, q byte) int {
	for ; len(b)-i >= 8; i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		if m := w&highs | below(w, ' ') | equal(w, 0x7f) | equal(w, p) | equal(w, q); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c < ' ' || c >= 0x7f || c == p || c == q {
			break
		}
	}
	return i
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
