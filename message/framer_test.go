package message_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/seed-067c1534/sigio/message"
)

// feed gives the pieces of a stream to a Framer as a connection would, and returns what it found, a cause as "!cause".
func feed(t *testing.T, size int, pieces ...[]byte) []string {
	t.Helper()
	return feedFramed(t, size, message.Auto, pieces...)
}

// feedFramed is feed for a stream that says nothing about itself.
func feedFramed(t *testing.T, size int, framing message.Framing, pieces ...[]byte) []string {
	t.Helper()
	f := message.Framer{MaxSize: size, Framing: framing}
	if size <= 0 {
		size = message.DefaultMaxSize
	}
	var found []string
	var buf []byte
	add := func(frame []byte, cause message.Cause) {
		switch {
		case frame != nil && cause != "":
			t.Fatalf("frame %q and cause %q at once", frame, cause)
		case cause != "":
			found = append(found, "!"+string(cause))
		case frame != nil && (len(frame) == 0 || len(frame) > size):
			t.Fatalf("a frame of %d bytes, MaxSize %d", len(frame), size)
		case frame != nil:
			found = append(found, string(frame))
		}
	}
	for _, piece := range pieces {
		// A new place each time, so that nothing can depend on the old one, and no byte behind it.
		buf = slices.Concat(buf, piece)
		buf = buf[:len(buf):len(buf)]
		for {
			frame, n, cause := f.Next(buf)
			if n < 0 || n > len(buf) {
				t.Fatalf("consumed %d of %d bytes", n, len(buf))
			}
			if frame != nil && !within(frame, buf[:n]) {
				t.Fatalf("the frame %q is not in the %d bytes consumed of %q", frame, n, buf)
			}
			add(frame, cause)
			buf = buf[n:]
			if frame == nil && cause == "" {
				break
			}
			if n == 0 {
				t.Fatalf("found %q, %q and consumed nothing", frame, cause)
			}
		}
		if len(buf) > max(size, 10) {
			t.Fatalf("%d bytes left, MaxSize %d", len(buf), size)
		}
	}
	frame, cause := f.End(buf)
	if frame != nil && !within(frame, buf) {
		t.Fatalf("End: the frame %q is not in %q", frame, buf)
	}
	add(frame, cause)
	if (f != message.Framer{MaxSize: f.MaxSize, Framing: framing}) {
		t.Fatalf("after End: %+v", f)
	}
	return found
}

// within reports whether a is a part of b, at the same place in memory.
func within(a, b []byte) bool {
	if len(a) == 0 {
		return true
	}
	for i := range b {
		if &b[i] == &a[0] {
			return i+len(a) <= len(b)
		}
	}
	return false
}

// single cuts a stream into single bytes.
func single(b []byte) [][]byte {
	var pieces [][]byte
	for i := range b {
		pieces = append(pieces, b[i:i+1])
	}
	return pieces
}

type framing struct {
	name, in string
	want     []string
}

// With a MaxSize of 20 in all of them.
var framings = []framing{
	{"nothing", "", nil},
	{"white space", " \t\r\n \n", nil},

	{"json: one", `{"a":1}`, []string{`{"a":1}`}},
	{"json: newline", "{\"a\":1}\n", []string{`{"a":1}`}},
	{"json: side by side", `{"a":1}{"b":2}{}`, []string{`{"a":1}`, `{"b":2}`, `{}`}},
	{"json: lines", "{\"a\":1}\n{\"b\":2}\r\n\n \t{}\n", []string{`{"a":1}`, `{"b":2}`, `{}`}},
	{"json: white space first", "\n\n \t{\"a\":1}{}", []string{`{"a":1}`, `{}`}},
	{"json: on several lines", "{\n \"a\":\n [1]\n}\n{}", []string{"{\n \"a\":\n [1]\n}", `{}`}},
	{"json: brackets in strings", `{"}":"\"}{"}{"]":"["}`, []string{`{"}":"\"}{"}`, `{"]":"["}`}},
	{"json: invalid UTF-8", "{\"\xff\":\"\xfe\"}{}", []string{"{\"\xff\":\"\xfe\"}", `{}`}},
	{"json: cut off by the end", `{"a":1}{"b":`, []string{`{"a":1}`, `{"b":`}},
	{"json: cut off, newline", "{}{\"b\":\r\n", []string{`{}`, `{"b":`}},
	{"json: text between", "{}hello {}\r\n{}", []string{`{}`, `hello {}`, `{}`}},
	{"json: text at the end", "{} hello", []string{`{}`, `hello`}},
	{"json: other values between", "{}[1]\n2\n{}", []string{`{}`, `[1]`, `2`, `{}`}},
	{"json: comma between", "{},{}\n{}", []string{`{}`, `,{}`, `{}`}},
	{"json: invalid", "{\"a\":x} b\n{}", []string{`{"a":x} b`, `{}`}},
	{"json: invalid, CR LF", "{\"a\":x}\r\n{}", []string{`{"a":x}`, `{}`}},
	{"json: invalid on several lines", "{\n\"a\":x\n}\n{}", []string{"{\n\"a\":x", `}`, `{}`}},
	{"json: comma before the end", "{\"a\":1,\n}\n{}", []string{"{\"a\":1,\n}", `{}`}},
	{"json: cut off in a string", "{\"a\":\"b\n{\"c\":2}\n", []string{`{"a":"b`, `{"c":2}`}},
	{"json: cut off behind a comma", "{\"a\":1, \r\n\n {\"c\":2}\n", []string{`{"a":1,`, `{"c":2}`}},
	{"json: cut off behind a value", "{\"a\":1\n{\"c\":2}{}\n", []string{`{"a":1`, `{"c":2}`, `{}`}},
	{"json: cut off behind the brace", "{\n{\"c\":2}\n", []string{`{`, `{"c":2}`}},
	{"json: cut off behind a colon", "{\"a\":\n{}\n{\"c\":2}", []string{"{\"a\":\n{}", `{"c":2}`}},
	{"json: brace in the same line", "{\"a\":1 {\"c\":2}\n{}", []string{`{"a":1 {"c":2}`, `{}`}},
	{"json: as long as may be", "{\"a\":\"4567890123456\"}{}", []string{"!oversize", `{}`}},
	{"json: one shorter", "{\"a\":\"456789012345\"}{}", []string{`{"a":"456789012345"}`, `{}`}},
	{"json: oversize", `{}{"a":"` + strings.Repeat("x}", 100) + `"}{}`, []string{`{}`, `!oversize`, `{}`}},
	{"json: oversize and invalid", "{\"a\":\"" + strings.Repeat("x", 100) + "\" {}\n{}", []string{`!oversize`, `{}`}},
	{"json: oversize and cut off", `{"a":"` + strings.Repeat("x", 100), []string{`!oversize`}},
	{"json: oversize and cut off in front of an object", "{\"a\":\"" + strings.Repeat("x", 100) + "\"\n{}\n{}", []string{`!oversize`, `{}`}},
	{"json: oversize line", "{}" + strings.Repeat("x", 100) + "\n{}", []string{`{}`, `!oversize`, `{}`}},
	{"json: invalid, then oversize", "{\"a\"x" + strings.Repeat("x", 100) + "\n{}", []string{`!oversize`, `{}`}},
	{"json: much white space", "{}" + strings.Repeat(" ", 100) + "{}", []string{`{}`, `{}`}},
	{"json: too deep", "{\"a\":" + strings.Repeat("[", 10) + "\n{}\n", []string{"{\"a\":[[[[[[[[[[\n{}"}},

	{"lines: one", "hello\n", []string{`hello`}},
	{"lines: no newline", "hello", []string{`hello`}},
	{"lines: two, CR LF", "a\r\nb\r\n", []string{`a`, `b`}},
	{"lines: blank ones", "\n\r\na\n\n \t\r\nb\n\n", []string{`a`, `b`}},
	{"lines: white space is kept", "  a \n\tb\t\r\n", []string{`  a `, "\tb\t"}},
	{"lines: white space behind blank lines", "\n \n  a", []string{`  a`}},
	{"lines: CR inside", "a\rb\r\r\n", []string{"a\rb\r"}},
	{"lines: CR at the end", "a\r", []string{`a`}},
	{"lines: json in it", "a\n{}{}\n{\n", []string{`a`, `{}{}`, `{`}},
	{"lines: array first", "[{}]\n{\n", []string{`[{}]`, `{`}},
	{"lines: NUL and others", "\x00\xff\n\x1b[0m\n", []string{"\x00\xff", "\x1b[0m"}},
	{"lines: as long as may be", "01234567890123456789\na", []string{`01234567890123456789`, `a`}},
	{"lines: the CR counts", "01234567890123456789\r\na", []string{`!oversize`, `a`}},
	{"lines: oversize", strings.Repeat("x", 100) + "\na\n" + strings.Repeat("x", 21), []string{`!oversize`, `a`, `!oversize`}},
	{"lines: oversize white space", strings.Repeat(" ", 100) + "\n{}{}", []string{`!oversize`, `{}{}`}},
	{"lines: long white space", strings.Repeat(" ", 20) + "\n{}{}", []string{`{}`, `{}`}},
	{"lines: syslog", "<13>Nov 22 21:14:00 host x\n", []string{`!oversize`}},

	{"lines: number", "12", []string{`12`}},
	{"lines: number and space", "12 ", []string{`12 `}},
	{"lines: number and text", "12 apples\n{}\n", []string{`12 apples`, `{}`}},
	{"lines: number and two spaces", "12  {}\n", []string{`12  {}`}},
	{"lines: number and brace", "12{}\n", []string{`12{}`}},
	{"lines: zero", "0 {}\n", []string{`0 {}`}},
	{"lines: leading zero", "012 {}\n", []string{`012 {}`}},
	{"lines: ten digits", "1234567890 {}\n", []string{`1234567890 {}`}},
	{"lines: number behind white space", " 2 {}\n", []string{` 2 {}`}},

	{"counted: one", `7 {"a":1}`, []string{`{"a":1}`}},
	{"counted: several", "7 {\"a\":1}5 <1>\n\n3 abc", []string{`{"a":1}`, "<1>\n\n", `abc`}},
	{"counted: syslog first", "4 <1>a5 <2>\nb", []string{`<1>a`, "<2>\nb"}},
	{"counted: newlines between", "\n2 {}\n\r\n2 []\n", []string{`{}`, `[]`}},
	{"counted: blank frame", "2 {}1 \n2 []", []string{`{}`, "\n", `[]`}},
	{"counted: cut off", `2 {}5 abc`, []string{`{}`, `abc`}},
	{"counted: cut off behind the count", `2 {}5 `, []string{`{}`, `!framing`}},
	{"counted: cut off in the count", `2 {}5`, []string{`{}`, `!framing`}},
	{"counted: no count", "2 {}abc\n2 {}", []string{`{}`, `!framing`}},
	{"counted: space first", "2 {} 2 {}", []string{`{}`, `!framing`}},
	{"counted: zero", "2 {}0 2 {}", []string{`{}`, `!framing`}},
	{"counted: too many digits", "2 {}1234567890", []string{`{}`, `!framing`}},
	{"counted: negative", "2 {}-1 x", []string{`{}`, `!framing`}},
	{"counted: wrong by one", `3 {}2 []2 {}`, []string{`{}2`, `!framing`}},
	{"counted: as long as may be", "2 {}20 01234567890123456789", []string{`{}`, `01234567890123456789`}},
	{"counted: oversize", "2 {}21 0123456789012345678902 []", []string{`{}`, `!oversize`, `[]`}},
	{"counted: oversize first", "999 {" + strings.Repeat("2 []", 249) + "xx2 []", []string{`!oversize`, `[]`}},
	{"counted: oversize and cut off", "999999999 {", []string{`!oversize`}},
}

func TestFramer(t *testing.T) {
	t.Parallel()
	for _, tt := range framings {
		if got := feed(t, 20, []byte(tt.in)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q: found %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
}

// TestFramerSplit cuts each of the streams at every place, at every two places, and everywhere.
func TestFramerSplit(t *testing.T) {
	t.Parallel()
	for _, tt := range framings {
		b := []byte(tt.in)
		if got := feed(t, 20, single(b)...); !slices.Equal(got, tt.want) {
			t.Errorf("%s: in single bytes: found %q, want %q", tt.name, got, tt.want)
		}
		for i := range b {
			for j := i; j < len(b) && j < i+64; j++ {
				if got := feed(t, 20, b[:i], b[i:j], b[j:]); !slices.Equal(got, tt.want) {
					t.Fatalf("%s: cut at %d and %d: found %q, want %q", tt.name, i, j, got, tt.want)
				}
			}
		}
	}
}

// TestFramerDepth: the deepest object is a frame, a deeper one a line, in Framer as in Parse.
func TestFramerDepth(t *testing.T) {
	t.Parallel()
	nested := func(n int) string {
		return "{" + three + `,"d":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + "}"
	}
	in := nested(message.MaxDepth) + "{}" + nested(message.MaxDepth+1) + "{}\n{}"
	want := []string{nested(message.MaxDepth), "{}", nested(message.MaxDepth+1) + "{}", "{}"}
	if got := feed(t, 0, []byte(in)); !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	var m message.Message
	for i, raw := range []bool{false, true, true, true} {
		if m.Parse([]byte(want[i])); m.Raw != raw {
			t.Errorf("Parse(%q): raw %v", want[i], m.Raw)
		}
	}
}

// TestFramerMessages divides a thousand messages, each at another byte, as senders with slow networks do.
func TestFramerMessages(t *testing.T) {
	t.Parallel()
	for _, between := range []string{"", "\n", "\r\n"} {
		for cut := range 90 {
			var pieces [][]byte
			var want []string
			for i := range 10 {
				s := fmt.Sprintf(`{"send_user":"user%04d","send_time":"2026-11-22 21:14:00","send_msg":"hello {\"} %06d"}`, i, cut)
				b := []byte(s + between)
				pieces = append(pieces, b[:cut], b[cut:])
				want = append(want, s)
			}
			if got := feed(t, 0, pieces...); !slices.Equal(got, want) {
				t.Fatalf("cut at %d: found %q", cut, got)
			}
		}
	}
}

// TestFramerByteByByte: a long message may come in single bytes. Looked at from its beginning each time, 2 MiB
// would take from one minute to an hour.
func TestFramerByteByByte(t *testing.T) {
	t.Parallel()
	const size = 2 << 20
	for name, in := range map[string]string{
		"object":      `{"a":"` + strings.Repeat("x", size) + `"}`,
		"array":       `{"a":[` + strings.Repeat("1,", size/2) + `1]}`,
		"line":        strings.Repeat("x", size) + "\n",
		"white space": strings.Repeat(" ", size) + "x",
		"broken":      `{"a":x` + strings.Repeat("x", size) + "\n",
		"counted":     fmt.Sprintf("%d {%s}", size+2, strings.Repeat("x", size)),
		"newlines":    "1 {" + strings.Repeat("\n", size),
	} {
		for _, limit := range []int{2 * size, 100} {
			f := message.Framer{MaxSize: limit}
			begin := time.Now()
			b, from, found := []byte(in), 0, 0
			for to := 1; to <= len(b); to++ {
				for {
					frame, n, cause := f.Next(b[from:to])
					from += n
					if frame == nil && cause == "" {
						break
					}
					found++
				}
				if to%(1<<16) == 0 && time.Since(begin) > 20*time.Second {
					t.Fatalf("%s: %d bytes in 20 s", name, to)
				}
			}
			if frame, _ := f.End(b[from:]); frame != nil {
				found++
			}
			if found != 1 {
				t.Errorf("%s: found %d messages", name, found)
			}
		}
	}
}

// TestFramerSmallSize: digits at the beginning are kept until it is known whether they are a count, even if a frame
// may have fewer bytes.
func TestFramerSmallSize(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"12": "12", "123": "!oversize", "123 {": "!oversize", "123\n": "!oversize", "12 ": "!oversize"} {
		if got := feed(t, 2, []byte(in)); len(got) != 1 || got[0] != want {
			t.Errorf("%q: found %q, want %q", in, got, want)
		}
	}
}

// TestFramerSize: there is one in each connection.
func TestFramerSize(t *testing.T) {
	t.Parallel()
	if n := unsafe.Sizeof(message.Framer{}); n > 40 {
		t.Errorf("%d bytes", n)
	}
}

func TestFramerAllocatesNothing(t *testing.T) {
	var f message.Framer
	b := []byte("{\"a\":1}\n{\"b\":x\n" + strings.Repeat("x", 70000) + "\n{}")
	if n := testing.AllocsPerRun(10, func() {
		for rest := b; len(rest) > 0; {
			_, n, _ := f.Next(rest)
			rest = rest[n:]
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzFramer(f *testing.F) {
	for i, tt := range framings {
		if len(tt.in) < 64 {
			f.Add([]byte(tt.in), uint64(i), uint8(20))
		}
	}
	f.Fuzz(func(t *testing.T, stream []byte, seed uint64, size uint8) {
		limit := int(size)
		want := feed(t, limit, stream)
		if got := feed(t, limit, single(stream)...); !slices.Equal(got, want) {
			t.Fatalf("%q, MaxSize %d: in single bytes: found %q, whole %q", stream, limit, got, want)
		}
		rnd := rand.New(rand.NewPCG(seed, 0))
		var pieces [][]byte
		for rest := stream; len(rest) > 0; {
			n := 1 + rnd.IntN(min(len(rest), 1+rnd.IntN(40)))
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		if got := feed(t, limit, pieces...); !slices.Equal(got, want) {
			t.Fatalf("%q, MaxSize %d: as %q: found %q, whole %q", stream, limit, pieces, got, want)
		}
		nothingLost(t, stream, want)
	})
}

// nothingLost checks that frames have every byte of the stream that is not white space, in order, unless a
// cause says that some are missing or counts are between them.
func nothingLost(t *testing.T, stream []byte, found []string) {
	t.Helper()
	black := func(s string) string { return strings.Join(strings.FieldsFunc(s, space), "") }
	for _, s := range found {
		if strings.HasPrefix(s, "!") {
			return
		}
	}
	in, out := black(string(stream)), black(strings.Join(found, ""))
	if first := bytes.TrimLeft(stream, " \t\r\n"); len(first) > 0 && '1' <= first[0] && first[0] <= '9' && len(in) != len(out) {
		return
	}
	if in != out {
		t.Fatalf("%q became %q", stream, found)
	}
}

func space(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' }
