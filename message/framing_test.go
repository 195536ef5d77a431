package message_test

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/seed-067c1534/sigio/message"
)

// len32 puts the length in front of each frame.
func len32(frames ...string) string {
	var b []byte
	for _, f := range frames {
		b = binary.BigEndian.AppendUint32(b, uint32(len(f)))
		b = append(b, f...)
	}
	return string(b)
}

// With a MaxSize of 20 in all of them.
var chosen = []struct {
	framing message.Framing
	in      string
	want    []string
}{
	{message.JSON, "", nil},
	{message.JSON, " \n{}{\"a\":1}\n", []string{`{}`, `{"a":1}`}},
	{message.JSON, "5 {}{}\n{}", []string{`5 {}{}`, `{}`}},
	{message.JSON, "hello\n{}{}", []string{`hello`, `{}`, `{}`}},

	{message.Lines, "", nil},
	{message.Lines, "{}{}\n{\r\n\n}", []string{`{}{}`, `{`, `}`}},
	{message.Lines, "2 {}2 {}\n", []string{`2 {}2 {}`}},
	{message.Lines, "7 <1>x", []string{`7 <1>x`}},

	{message.Octet, "", nil},
	{message.Octet, "5 hello2 {}\n1 x", []string{`hello`, `{}`, `x`}},
	{message.Octet, "\r\n3 a\x00b", []string{"a\x00b"}},
	{message.Octet, "{}", []string{"!framing"}},
	{message.Octet, "hello", []string{"!framing"}},
	{message.Octet, "0 2 {}", []string{"!framing"}},
	{message.Octet, "5", []string{"!framing"}},
	{message.Octet, "30 " + strings.Repeat("x", 30) + "1 y", []string{"!oversize", "y"}},

	{message.NUL, "", nil},
	{message.NUL, "a\x00b\nc\x00\x00 \x00d", []string{"a", "b\nc", "d"}},
	{message.NUL, "{\n}\n\x00{}{}\x00", []string{"{\n}\n", "{}{}"}},
	{message.NUL, strings.Repeat("x", 100) + "\x00a\x00", []string{"!oversize", "a"}},
	{message.NUL, "a\x00" + strings.Repeat("x", 100), []string{"a", "!oversize"}},

	{message.Len32, "", nil},
	{message.Len32, len32("hello", "{}", "a\nb"), []string{"hello", "{}", "a\nb"}},
	{message.Len32, len32("", "", "x", ""), []string{"x"}},
	{message.Len32, len32("01234567890123456789", "012345678901234567890", "x"), []string{"01234567890123456789", "!oversize", "x"}},
	{message.Len32, "\x10\x00\x00\x00x", []string{"!framing"}},
	{message.Len32, "\x0f\xff\xff\xffx", []string{"!oversize"}},
	{message.Len32, "{\"a\":1}", []string{"!framing"}},
	{message.Len32, len32("x") + "<13>hello", []string{"x", "!framing"}},
	{message.Len32, len32("hello")[:6], []string{"he"}},
	{message.Len32, len32("x") + "\x00\x00\x00\x05", []string{"x", "!framing"}},
	{message.Len32, len32("x") + "\x00\x00", []string{"x", "!framing"}},
}

func TestChosenFraming(t *testing.T) {
	t.Parallel()
	for _, tt := range chosen {
		if got := feedFramed(t, 20, tt.framing, []byte(tt.in)); !slices.Equal(got, tt.want) {
			t.Errorf("%v: %q: found %q, want %q", tt.framing, tt.in, got, tt.want)
		}
		if got := feedFramed(t, 20, tt.framing, single([]byte(tt.in))...); !slices.Equal(got, tt.want) {
			t.Errorf("%v: %q: in single bytes found %q, want %q", tt.framing, tt.in, got, tt.want)
		}
	}
}

// FuzzChosenFraming: how a stream is cut makes no difference, whatever it is and whatever it is said to be.
func FuzzChosenFraming(f *testing.F) {
	for i, tt := range chosen {
		f.Add(uint8(tt.framing), []byte(tt.in), uint64(i), uint8(20))
	}
	f.Fuzz(func(t *testing.T, framing uint8, stream []byte, seed uint64, size uint8) {
		kind := message.Framing(framing % 6)
		want := feedFramed(t, int(size), kind, stream)
		rnd := rand.New(rand.NewPCG(seed, 0))
		var pieces [][]byte
		for rest := stream; len(rest) > 0; {
			n := 1 + rnd.IntN(len(rest))
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		if got := feedFramed(t, int(size), kind, pieces...); !slices.Equal(got, want) {
			t.Fatalf("%v: %q, MaxSize %d: as %q: found %q, whole %q", kind, stream, size, pieces, got, want)
		}
	})
}

func TestFramingNames(t *testing.T) {
	t.Parallel()
	for i, name := range message.FramingNames() {
		var f message.Framing
		if err := f.UnmarshalText([]byte(name)); err != nil || f != message.Framing(i) || f.String() != name {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
	var f message.Framing
	if err := f.UnmarshalText([]byte("ndjson")); err == nil || !strings.Contains(err.Error(), "lines") {
		t.Error(err)
	}
	if s := message.Framing(99).String(); s != "Framing(99)" {
		t.Error(s)
	}
}
