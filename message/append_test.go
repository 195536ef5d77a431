package message_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/seed-067c1534/sigio/message"
)

var (
	peer     = netip.MustParseAddrPort("127.0.0.1:40000")
	received = time.Date(2026, 11, 22, 21, 14, 0, 120_000_000, time.UTC)
)

func TestAppend(t *testing.T) {
	t.Parallel()
	const tail = `,"transport":"udp","peer":"127.0.0.1:40000","received_at":"2026-11-22T21:14:00.12Z"}`
	tests := []struct{ name, body, text, raw, json string }{
		{"object", `{` + three + `}`, `t u: m`, `{` + three + `}`, `{` + three + tail},
		{"raw", `hello`, `hello`, `hello`, `{"send_user":"","send_time":"","send_msg":"hello","raw":true` + tail},
		{"nothing", ``, ``, ``, `{"send_user":"","send_time":"","send_msg":"","raw":true` + tail},
		{"empty strings", `{"send_user":"","send_time":"","send_msg":""}`, ` : `, `{"send_user":"","send_time":"","send_msg":""}`,
			`{"send_user":"","send_time":"","send_msg":""` + tail},
		{"forged line", "a\nb\r\nc\td", `a\nb\r\nc\td`, `a\nb\r\nc\td`,
			`{"send_user":"","send_time":"","send_msg":"a\nb\r\nc\td","raw":true` + tail},
		{"forged line in a string", `{"send_user":"u\n","send_time":"\r","send_msg":"a\nb"}`, `\r u\n: a\nb`, `{"send_user":"u\n","send_time":"\r","send_msg":"a\nb"}`,
			`{"send_user":"u\n","send_time":"\r","send_msg":"a\nb"` + tail},
		{"terminal", "\x1b[31m\x00\a\b\x7f\u009b0m\u0085", `\x1b[31m\x00\x07\x08\x7f\u009b0m\u0085`, `\x1b[31m\x00\x07\x08\x7f\u009b0m\u0085`,
			`{"send_user":"","send_time":"","send_msg":"\u001b[31m\u0000\u0007\u0008\u007f\u009b0m\u0085","raw":true` + tail},
		{"directions", "\u061c\u200d\u200e\u200f\u202a\u202e\u2065\u2066\u2069\u206a\u2028\u2029", `\u061c` + "\u200d" + `\u200e\u200f\u202a\u202e` + "\u2065" + `\u2066\u2069` + "\u206a" + `\u2028\u2029`, `\u061c` + "\u200d" + `\u200e\u200f\u202a\u202e` + "\u2065" + `\u2066\u2069` + "\u206a" + `\u2028\u2029`,
			`{"send_user":"","send_time":"","send_msg":"\u061c` + "\u200d" + `\u200e\u200f\u202a\u202e` + "\u2065" + `\u2066\u2069` + "\u206a" + `\u2028\u2029","raw":true` + tail},
		{"directions in an object", "{" + three + ",\"x\u202e\":\"\u009b\x7f\"}", `t u: m`, "{" + three + `,"x\u202e":"\u009b\u007f"}`, "{" + three + `,"x\u202e":"\u009b\u007f"` + tail},
		{"backslash", `C:\new \x1b "q"`, `C:\\new \\x1b "q"`, `C:\\new \\x1b "q"`, `{"send_user":"","send_time":"","send_msg":"C:\\new \\x1b \"q\"","raw":true` + tail},
		{"backslash in a string", `{"send_user":"\\","send_time":"\"","send_msg":"\u001b"}`, `" \\: \x1b`, `{"send_user":"\\","send_time":"\"","send_msg":"\u001b"}`, `{"send_user":"\\","send_time":"\"","send_msg":"\u001b"` + tail},
		{"invalid UTF-8", "a\xff\xc3", "a\ufffd\ufffd", `a\xff\xc3`, "{\"send_user\":\"\",\"send_time\":\"\",\"send_msg\":\"a\ufffd\ufffd\",\"raw\":true,\"invalid_utf8\":true" + tail},
		{"invalid UTF-8 in an object", "{" + three + ",\"\xff\":\"\\\\\xfe\"}", `t u: m`, `{` + three + `,"\xff":"\\\xfe"}`, "{" + three + ",\"\ufffd\":\"\\\\\ufffd\",\"invalid_utf8\":true" + tail},
		{"many bytes", "日本語 é😀", "日本語 é😀", "日本語 é😀", `{"send_user":"","send_time":"","send_msg":"日本語 é😀","raw":true` + tail},
		{"several lines", "{\r\n\t" + three + ",\n\"x\" : [ 1,\n{ \"y z\" : \"a b\" } ]\n}\n", `t u: m`, "{   " + three + `, "x" : [ 1, { "y z" : "a b" } ] }`, "{" + three + `,"x":[1,{"y z":"a b"}]` + tail},
		{"id", `{"send_id":"1",` + three + `,"x":1}`, `t u: m`, `{"send_id":"1",` + three + `,"x":1}`, `{` + three + `,"send_id":"1","x":1` + tail},
		{"empty id", `{` + three + `,"send_id":""}`, `t u: m`, `{` + three + `,"send_id":""}`, `{` + three + `,"send_id":""` + tail},
		{"quotes in further members", `{` + three + `,"q":"\" , \"peer\\","peer\" ":1}`, `t u: m`, `{` + three + `,"q":"\" , \"peer\\","peer\" ":1}`, `{` + three + `,"q":"\" , \"peer\\","peer\" ":1` + tail},
		{"names of the receiver", `{` + three + `,"raw":1,"_peer":2,"peer":{"peer":3},"\u0070eer_":4,"__received_at":5,"\u005ftransport":6,"Raw":7,"invalid_utf8":[8,"raw"]}`, `t u: m`,
			`{` + three + `,"raw":1,"_peer":2,"peer":{"peer":3},"\u0070eer_":4,"__received_at":5,"\u005ftransport":6,"Raw":7,"invalid_utf8":[8,"raw"]}`,
			`{` + three + `,"_raw":1,"__peer":2,"_peer":{"peer":3},"\u0070eer_":4,"___received_at":5,"_\u005ftransport":6,"Raw":7,"_invalid_utf8":[8,"raw"]` + tail},
	}
	m := message.Message{Transport: "udp", Peer: peer, ReceivedAt: received}
	for _, tt := range tests {
		m.Parse([]byte(tt.body))
		for _, f := range []struct {
			name   string
			append func([]byte, *message.Message) []byte
			want   string
		}{{"text", message.AppendText, tt.text}, {"raw", message.AppendRaw, tt.raw}, {"json", message.AppendJSON, tt.json}} {
			if got := string(f.append([]byte("> "), &m)); got != "> "+f.want+"\n" {
				t.Errorf("%s, %s:\n got %q\nwant %q", tt.name, f.name, got, "> "+f.want+"\n")
			}
		}
	}
}

func TestAppendString(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"":                              `""`,
		"plain":                         `"plain"`,
		"a\"\\\n\x00\u202e\u0085\xffé日": `"a\"\\\n\u0000\u202e\u0085` + "\ufffdé日\"",
	} {
		got := string(message.AppendString([]byte("> "), s))
		var back string
		if err := json.Unmarshal([]byte(got[2:]), &back); got != "> "+want || err != nil || back != strings.ToValidUTF8(s, "\ufffd") {
			t.Errorf("%q became %s, want %s; read back %q, %v", s, got, want, back, err)
		}
	}
}

// TestAppendEveryRune writes each character there is, and each byte, at each place of a word that the scanner looks at.
func TestAppendEveryRune(t *testing.T) {
	t.Parallel()
	m := message.Message{ReceivedAt: received, Peer: peer}
	check := func(b []byte) {
		m.Parse(b)
		checkAppend(t, &m)
	}
	var all []byte
	for r := range utf8.MaxRune + 1 {
		if all = utf8.AppendRune(all, r); len(all) > 60000 {
			check(all)
			all = all[:0]
		}
	}
	check(all)
	// What is not dangerous stays as it is.
	raw, line := message.Message{Raw: true}, []byte{}
	for r := rune(0xa0); r <= utf8.MaxRune; r++ {
		if utf8.ValidRune(r) && !strings.ContainsRune(dangerous, r) {
			raw.Text = utf8.AppendRune(raw.Text[:0], r)
			if line = message.AppendText(line[:0], &raw); string(line) != string(r)+"\n" {
				t.Errorf("%U is escaped", r)
			}
		}
	}
	for i := range 9 {
		for c := range 256 {
			check(slices.Concat(bytes.Repeat([]byte("x"), i), []byte{byte(c)}, bytes.Repeat([]byte("x"), 12-i)))
		}
	}
}

func TestAppendJSONOrigin(t *testing.T) {
	t.Parallel()
	var m message.Message
	m.Parse([]byte("x"))
	const head = `{"send_user":"","send_time":"","send_msg":"x","raw":true,"transport":`
	tests := []struct {
		transport, peer string
		want            string
	}{
		{"unix", "", `"unix","peer":"","received_at":`},
		{"tcp", "[2001:db8::1]:9", `"tcp","peer":"[2001:db8::1]:9","received_at":`},
		{"tcp", "[fe80::1%a\"\n]:9", `"tcp","peer":"[fe80::1%a\"\n]:9","received_at":`},
		{strings.Repeat("\"", 100), "", `"` + strings.Repeat(`\"`, 100) + `","peer":"","received_at":`},
	}
	for _, tt := range tests {
		m.Transport, m.Peer = tt.transport, netip.AddrPort{}
		if tt.peer != "" {
			m.Peer = netip.MustParseAddrPort(tt.peer)
		}
		m.ReceivedAt = received.In(time.FixedZone("", 3600))
		if got, want := string(message.AppendJSON(nil, &m)), head+tt.want+`"2026-11-22T22:14:00.12+01:00"}`+"\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	m := message.Message{Transport: "udp", Peer: peer, ReceivedAt: received}
	dst := make([]byte, 0, 1<<10)
	for _, body := range []string{"{" + three + `,"send_id":"1","peer":"\u202e"}`, "a\n\u202e\xff"} {
		m.Parse([]byte(body))
		if n := testing.AllocsPerRun(100, func() {
			message.AppendText(dst, &m)
			message.AppendRaw(dst, &m)
			message.AppendJSON(dst, &m)
		}); n != 0 {
			t.Errorf("%q: %v allocations", body, n)
		}
	}
}

// dangerous are the characters outside of ASCII that are never printed, but for U+0080 to U+009F.
const dangerous = "\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

// checkLine fails unless b is one line that is safe to print anywhere.
func checkLine(t *testing.T, b []byte) string {
	t.Helper()
	s, ok := strings.CutSuffix(string(b), "\n")
	if !ok || !utf8.ValidString(s) {
		t.Fatalf("%q does not end its line, or is not UTF-8", b)
	}
	for _, r := range s {
		if r < 0x20 || r >= 0x7f && r < 0xa0 || strings.ContainsRune(dangerous, r) {
			t.Fatalf("%q has %U", b, r)
		}
	}
	return s
}

// unescaped takes the escapes of the text form back.
func unescaped(t *testing.T, s string) string {
	var b []byte
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b = append(b, s[i])
			continue
		}
		i++
		digits := map[byte]int{'x': 2, 'u': 4}[s[i]]
		switch s[i] {
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case '\\':
			b = append(b, '\\')
		case 'x', 'u':
			n, err := strconv.ParseUint(s[i+1:i+1+digits], 16, 32)
			if err != nil {
				t.Fatalf("%q: %v", s, err)
			}
			if digits == 2 {
				b = append(b, byte(n))
			} else {
				b = utf8.AppendRune(b, rune(n))
			}
			i += digits
		default:
			t.Fatalf("%q has the escape \\%c", s, s[i])
		}
	}
	return string(b)
}

func FuzzAppend(f *testing.F) {
	for _, s := range []string{
		"{" + three + "}", "{ " + three + " ,\n\"peer\":\"\x7f\",\"_peer\":\"\u202e\",\"p\\u0065er\":1}", "{" + three + ",\"\xff\":[ { } ]}",
		"a\n\x1b\u009b\u202e\u2028\\\xff\"", `"\`, `{"a`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		origin := message.Message{Transport: "tcp", Peer: peer, ReceivedAt: received}
		m := origin
		m.Parse(b)
		checkAppend(t, &m)

		// Whoever fills a Message by himself may put anything into it: it must still be a line.
		m = origin
		m.User, m.Time, m.Text, m.ID, m.Body, m.Transport = b, b, b, b, b, string(b)
		checkAppend(t, &m)
		m.Extra = b
		checkLine(t, message.AppendJSON(nil, &m))
		m.Raw = true
		if got := unescaped(t, checkLine(t, message.AppendRaw(nil, &m))); got != string(b) {
			t.Fatalf("%q came back as %q", b, got)
		}
	})
}

// checkAppend checks the three lines for m.
func checkAppend(t *testing.T, m *message.Message) {
	t.Helper()
	text := unescaped(t, checkLine(t, message.AppendText(nil, m)))
	want := fmt.Sprintf("%s %s: %s", m.Time, m.User, m.Text)
	if m.Raw {
		want = string(m.Text)
	}
	if text != want {
		t.Fatalf("the text %q came back as %q", want, text)
	}

	raw := checkLine(t, message.AppendRaw(nil, m))
	switch {
	case m.Raw:
		if back := unescaped(t, raw); back != string(m.Body) {
			t.Fatalf("the body %q came back as %q", m.Body, back)
		}
	case utf8.Valid(m.Body) && json.Valid(m.Body):
		if a, b := decoded(t, []byte(raw)), decoded(t, m.Body); a != b {
			t.Fatalf("the body %q became %q", m.Body, raw)
		}
	}

	line := checkLine(t, message.AppendJSON(nil, m))
	list, object := members(t, []byte(line))
	if !object || compact(t, []byte(line)) != line {
		t.Fatalf("not a compact object: %q", line)
	}
	wanted := []pair{{"send_user", string(m.User)}, {"send_time", string(m.Time)}, {"send_msg", string(m.Text)}}
	if m.ID != nil {
		wanted = append(wanted, pair{"send_id", string(m.ID)})
	}
	for i := range wanted {
		wanted[i].value = repaired([]byte(wanted[i].value))
		list[i].value = unquote(t, list[i].value)
	}
	if !slices.Equal(list[:len(wanted)], wanted) {
		t.Fatalf("%q does not begin with %q", list, wanted)
	}
	extra, _ := members(t, slices.Concat([]byte("{"), m.Extra, []byte("}")))
	names := map[string]bool{}
	for i, p := range list {
		if names[p.name] {
			t.Fatalf("%q twice in %q", p.name, line)
		}
		names[p.name] = true
		if i -= len(wanted); i >= 0 && i < len(extra) {
			want := extra[i].name
			switch strings.TrimLeft(want, "_") {
			case "raw", "invalid_utf8", "transport", "peer", "received_at":
				want = "_" + want
			}
			if p.name == want && decoded(t, []byte(p.value)) == decoded(t, []byte(extra[i].value)) {
				continue
			}
			t.Fatalf("%q became %q", extra[i], p)
		}
	}
	var own []pair
	if m.Raw {
		own = append(own, pair{"raw", "true"})
	}
	if m.InvalidUTF8 {
		own = append(own, pair{"invalid_utf8", "true"})
	}
	for _, p := range []pair{{"transport", repaired([]byte(m.Transport))}, {"peer", m.Peer.String()}, {"received_at", "2026-11-22T21:14:00.12Z"}} {
		own = append(own, pair{p.name, quote(t, p.value)})
	}
	got := list[len(wanted)+len(extra):]
	for i := range got {
		if got[i].name == "transport" {
			got[i].value = quote(t, unquote(t, got[i].value))
		}
	}
	if !slices.Equal(got, own) {
		t.Fatalf("%q ends with %q, want %q", line, got, own)
	}
}

// quote and unquote are JSON's, by encoding/json.
func quote(t *testing.T, s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func unquote(t *testing.T, s string) (v string) {
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return v
}

// decoded returns what a JSON value means, numbers as they are written.
func decoded(t *testing.T, b []byte) string {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%q: %v", b, err)
	}
	return fmt.Sprintf("%q", v)
}
