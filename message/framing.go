package message

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// Framing says how messages are told apart in a stream.
type Framing uint8

const (
	// Auto lets the first bytes of the stream choose among JSON, Lines and Octet, as Framer describes.
	Auto Framing = iota
	// JSON: objects one after another. What is no object is a line.
	JSON
	// Lines: each ends at LF or CR LF.
	Lines
	// Octet: each frame has its length in front of it, in decimal digits and followed by a space (RFC 6587,
	// section 3.4.1), whatever it consists of.
	Octet
	// NUL: each message ends at a zero byte. Newlines belong to it. Messages of nothing but white space are
	// passed over.
	NUL
	// Len32: each frame has its length in front of it, as four bytes with the highest first. Frames without a
	// byte are passed over.
	Len32
)

var framingNames = [...]string{Auto: "auto", JSON: "json", Lines: "lines", Octet: "octet", NUL: "nul", Len32: "len32"}

// FramingNames returns the names that UnmarshalText knows, auto first.
func FramingNames() []string { return slices.Clone(framingNames[:]) }

// String returns "auto", "json", "lines", "octet", "nul" or "len32".
func (f Framing) String() string {
	if int(f) >= len(framingNames) {
		return fmt.Sprintf("Framing(%d)", uint8(f))
	}
	return framingNames[f]
}

// MarshalText returns what UnmarshalText reads.
func (f Framing) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads a name.
func (f *Framing) UnmarshalText(text []byte) error {
	i := slices.Index(framingNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("unknown framing %q: want one of %s", text, strings.Join(framingNames[:], ", "))
	}
	*f = Framing(i)
	return nil
}

// first returns the part of a stream that its first byte belongs to.
func (f Framing) first() part {
	switch f {
	case JSON:
		return between
	case Lines:
		return line
	case NUL:
		return nul
	}
	return count
}

// largest is more than any frame may have. Every text that comes where a length is wanted says that it is
// longer, since its first byte is a space at least; so it is noticed.
const largest = 1 << 28

// count32 reads the length of a frame from four bytes.
func (f *Framer) count32(b []byte) (size, used int, o outcome) {
	if len(b) < 4 {
		return 0, 0, wait
	}
	n := binary.BigEndian.Uint32(b)
	switch {
	case n == 0:
		return 0, 4, again
	case n >= largest:
		f.state = closed
		return 0, len(b), broken
	}
	return f.counted(int(n), 4)
}
