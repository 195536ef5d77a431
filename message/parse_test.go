package message_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/message"
)

// three is the inside of an object with the three strings.
const three = `"send_user":"u","send_time":"t","send_msg":"m"`

func TestParseObject(t *testing.T) {
	t.Parallel()
	type want struct{ user, time, text, id, extra string }
	tests := []struct {
		name, body string
		want       want
	}{
		{"plain", `{` + three + `}`, want{"u", "t", "m", "-", ""}},
		{"any order", `{"send_msg":"m","send_user":"u","send_time":"t"}`, want{"u", "t", "m", "-", ""}},
		{"white space", " \t\r\n{ \"send_user\" : \"u\" ,\n\"send_time\"\t:\r\"t\" , \"send_msg\" : \"m\" } \n\n", want{"u", "t", "m", "-", ""}},
		{"python's", `{"send_user": "u", "send_time": "t", "send_msg": "m"}`, want{"u", "t", "m", "-", ""}},
		{"empty strings", `{"send_user":"","send_time":"","send_msg":""}`, want{"", "", "", "-", ""}},
		{"id", `{` + three + `,"send_id":"7"}`, want{"u", "t", "m", "7", ""}},
		{"empty id", `{` + three + `,"send_id":""}`, want{"u", "t", "m", "", ""}},
		{"id is no string", `{` + three + `,"send_id":7}`, want{"u", "t", "m", "-", `"send_id":7`}},
		{"id is null", `{` + three + `,"send_id":null}`, want{"u", "t", "m", "-", `"send_id":null`}},
		{"extra", `{"a":1,` + three + `,"b":[{"c":null}]}`, want{"u", "t", "m", "-", `"a":1,"b":[{"c":null}]`}},
		{"extra in between", `{"send_user":"u","a" : 1,"send_time":"t","b":"x\ny","send_msg":"m"}`, want{"u", "t", "m", "-", `"a" : 1,"b":"x\ny"`}},
		{"numbers", `{` + three + `,"n":[0,-0,1.5,-10.25e+3,1E9,2e-7]}`, want{"u", "t", "m", "-", `"n":[0,-0,1.5,-10.25e+3,1E9,2e-7]`}},
		{"number at the end", `{` + three + `,"n":12}`, want{"u", "t", "m", "-", `"n":12`}},
		{"literals", `{` + three + `,"l":[true,false,null],"t":true}`, want{"u", "t", "m", "-", `"l":[true,false,null],"t":true`}},
		{"other case is another name", `{` + three + `,"Send_User":"x"}`, want{"u", "t", "m", "-", `"Send_User":"x"`}},
		{"name with escapes", `{"send_\u0075ser":"u","send_time":"t","send_msg":"m"}`, want{"u", "t", "m", "-", ""}},
		{"empty name", `{` + three + `,"":""}`, want{"u", "t", "m", "-", `"":""`}},
		{"escapes", `{"send_user":"\"\\\/","send_time":"\b\f\n\r\t","send_msg":"a\u0000\u00e9\u20ACz"}`, want{`"\/`, "\b\f\n\r\t", "a\x00é€z", "-", ""}},
		{"surrogate pair", `{"send_user":"u","send_time":"t","send_msg":"\ud83d\ude00"}`, want{"u", "t", "😀", "-", ""}},
		{"lone high half", `{"send_user":"\ud83d","send_time":"\ud83dx","send_msg":"\ud83d\n"}`, want{"\ufffd", "\ufffdx", "\ufffd\n", "-", ""}},
		{"lone low half", `{"send_user":"u","send_time":"t","send_msg":"\ude00\ud83d"}`, want{"u", "t", "\ufffd\ufffd", "-", ""}},
		{"high half twice", `{"send_user":"u","send_time":"t","send_msg":"\ud83d\ud83d\ude00"}`, want{"u", "t", "\ufffd😀", "-", ""}},
		{"high half and digits", `{"send_user":"\ud83dxxde00","send_time":"\ud83d\nde00","send_msg":"\ud83d"}`, want{"\ufffdxxde00", "\ufffd\nde00", "\ufffd", "-", ""}},
		{"high half and a character", `{"send_user":"u","send_time":"t","send_msg":"\ud83d\u0041"}`, want{"u", "t", "\ufffdA", "-", ""}},
		{"text of many bytes", `{"send_user":"ü","send_time":"t","send_msg":"日本語 текст"}`, want{"ü", "t", "日本語 текст", "-", ""}},
		{"deepest", `{` + three + `,"d":` + strings.Repeat("[", message.MaxDepth-1) + strings.Repeat("]", message.MaxDepth-1) + `}`,
			want{"u", "t", "m", "-", `"d":` + strings.Repeat("[", message.MaxDepth-1) + strings.Repeat("]", message.MaxDepth-1)}},
	}
	var m message.Message // one for all, so that nothing may stay behind
	for _, tt := range tests {
		m.Parse([]byte(tt.body))
		id := "-"
		if m.ID != nil {
			id = string(m.ID)
		}
		got := want{string(m.User), string(m.Time), string(m.Text), id, string(m.Extra)}
		if m.Raw || m.InvalidUTF8 || got != tt.want {
			t.Errorf("%s: Parse(%q) = %q, raw %v, invalid UTF-8 %v; want %q", tt.name, tt.body, got, m.Raw, m.InvalidUTF8, tt.want)
		}
	}
}

func TestParseRaw(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body string }{
		{"nothing", ""},
		{"text", "hello"},
		{"text with white space", "  hello\tthere  "},
		{"two lines", "a\nb"},
		{"lone CR", "hello\r"},
		{"NUL", "a\x00b"},
		{"array", `[` + `{` + three + `}]`},
		{"string", `"send_user"`},
		{"empty object", `{}`},
		{"one missing", `{"send_user":"u","send_time":"t"}`},
		{"wrong case", `{"Send_user":"u","send_time":"t","send_msg":"m"}`},
		{"number for string", `{"send_user":1,"send_time":"t","send_msg":"m"}`},
		{"null for string", `{"send_user":null,"send_time":"t","send_msg":"m"}`},
		{"object for string", `{"send_user":{},"send_time":"t","send_msg":"m"}`},
		{"user twice", `{` + three + `,"send_user":"u"}`},
		{"user twice, once escaped", `{` + three + `,"\u0073end_user":"v"}`},
		{"id twice", `{` + three + `,"send_id":"1","send_id":2}`},
		{"another twice", `{` + three + `,"a":1,"b":1,"a":1}`},
		{"another twice, once escaped", `{` + three + `,"a":1,"b":1,"\u0061":1}`},
		{"behind it", `{` + three + `}x`},
		{"a second object", `{` + three + `}{}`},
		{"not closed", `{` + three},
		{"comma at the end", `{` + three + `,}`},
		{"comma at the beginning", `{,` + three + `}`},
		{"no colon", `{` + three + `,"a"}`},
		{"no value", `{` + three + `,"a":}`},
		{"nothing behind the colon", `{` + three + `,"a":`},
		{"no comma", `{` + three + ` "a":1}`},
		{"wrong bracket", `{` + three + `,"a":[1}}`},
		{"mixed brackets", `{` + three + `,"a":[{]}}`},
		{"newline in string", "{\"send_user\":\"u\n\",\"send_time\":\"t\",\"send_msg\":\"m\"}"},
		{"NUL in string", "{\"send_user\":\"u\x00\",\"send_time\":\"t\",\"send_msg\":\"m\"}"},
		{"wrong escape", `{"send_user":"\x","send_time":"t","send_msg":"m"}`},
		{"short escape", `{"send_user":"\u12","send_time":"t","send_msg":"m"}`},
		{"ends in an escape", `{"send_user":"\`},
		{"ends in a short escape", `{"send_user":"\u12`},
		{"wrong escape in extra", `{` + three + `,"a":"\x"}`},
		{"short escape in extra", `{` + three + `,"a":"\u12"}`},
		{"leading zero", `{` + three + `,"a":01}`},
		{"plus", `{` + three + `,"a":+1}`},
		{"only minus", `{` + three + `,"a":-}`},
		{"point at the end", `{` + three + `,"a":1.}`},
		{"point at the beginning", `{` + three + `,"a":.1}`},
		{"exponent without digits", `{` + three + `,"a":1e}`},
		{"two exponents", `{` + three + `,"a":1e1e1}`},
		{"wrong literal", `{` + three + `,"a":nul}`},
		{"long literal", `{` + three + `,"a":nulll}`},
		{"semicolon literal", `{` + three + `,"a":true;}`},
		{"NaN", `{` + three + `,"a":NaN}`},
		{"single quotes", `{'send_user':'u'}`},
		{"comment", `{` + three + `/**/}`},
		{"byte order mark", "\ufeff{" + three + "}"},
		{"other white space", "\v{" + three + "}"},
		{"too deep", `{` + three + `,"d":` + strings.Repeat("[", message.MaxDepth) + strings.Repeat("]", message.MaxDepth) + `}`},
		{"far too deep", `{` + three + `,"d":` + strings.Repeat(`{"a":`, 1<<16)},
	}
	var m message.Message
	for _, tt := range tests {
		m.Parse([]byte(`{` + three + `,"send_id":"1","x":1}`)) // what must not stay behind
		m.Parse([]byte(tt.body))
		if !m.Raw || m.InvalidUTF8 || string(m.Text) != tt.body || string(m.Body) != tt.body {
			t.Errorf("%s: Parse(%.80q): raw %v, text %.80q, body %.80q", tt.name, tt.body, m.Raw, m.Text, m.Body)
		}
		if len(m.User)+len(m.Time)+len(m.Extra) > 0 || m.ID != nil {
			t.Errorf("%s: a raw message has %+v", tt.name, m)
		}
	}
}

func TestParseNewlineAtEnd(t *testing.T) {
	t.Parallel()
	var m message.Message
	for in, want := range map[string]string{
		"hello\n": "hello", "hello\r\n": "hello", "hello\n\n": "hello\n", "hello\r\r\n": "hello\r", "\n": "", "\r\n": "", "\r": "\r",
	} {
		if m.Parse([]byte(in)); string(m.Body) != want || string(m.Text) != want {
			t.Errorf("Parse(%q): body %q, text %q; want %q", in, m.Body, m.Text, want)
		}
	}
}

func TestParseInvalidUTF8(t *testing.T) {
	t.Parallel()
	var m message.Message
	body := "{\"send_user\":\"\xff\",\"send_time\":\"\xc3\",\"send_msg\":\"a\xe2\x82b\\n\xed\xa0\x80\",\"x\xfe\":\"\xf8\"}"
	m.Parse([]byte(body))
	if m.Raw || !m.InvalidUTF8 || string(m.Body) != body {
		t.Errorf("raw %v, invalid %v, body %q", m.Raw, m.InvalidUTF8, m.Body)
	}
	if string(m.User) != "\ufffd" || string(m.Time) != "\ufffd" || string(m.Text) != "a\ufffd\ufffdb\n\ufffd\ufffd\ufffd" || string(m.Extra) != "\"x\ufffd\":\"\ufffd\"" {
		t.Errorf("parsed %q %q %q %q", m.User, m.Time, m.Text, m.Extra)
	}
	m.Parse([]byte("a\xffb"))
	if !m.Raw || !m.InvalidUTF8 || string(m.Text) != "a\ufffdb" || string(m.Body) != "a\xffb" {
		t.Errorf("raw %v, invalid %v, text %q, body %q", m.Raw, m.InvalidUTF8, m.Text, m.Body)
	}
	// A repaired byte must not make a name collide with another unnoticed, nor a mark stay.
	m.Parse([]byte("{" + three + ",\"\xff\":1,\"\xfe\":2}"))
	if !m.Raw {
		t.Errorf("two names became one: extra %q", m.Extra)
	}
	if m.Parse([]byte("a")); m.InvalidUTF8 {
		t.Error("the mark stayed")
	}
}

// TestParseKeepsOrigin: a receiver may set where the message came from before or after Parse.
func TestParseKeepsOrigin(t *testing.T) {
	t.Parallel()
	now := time.Now()
	m := message.Message{Transport: "udp", ReceivedAt: now}
	m.Parse([]byte("x"))
	if m.Transport != "udp" || !m.ReceivedAt.Equal(now) {
		t.Errorf("got %q, %v", m.Transport, m.ReceivedAt)
	}
}

// TestParseManyNames: the check for names that occur twice must not cost the square of their number. 700,000 names
// compared with one another would take minutes.
func TestParseManyNames(t *testing.T) {
	t.Parallel()
	b := []byte("{" + three)
	for i := range 700_000 {
		b = fmt.Appendf(b, `,"%x":1`, i)
	}
	b = append(b, '}')
	var m message.Message
	begin := time.Now()
	m.Parse(b)
	if m.Raw {
		t.Error("raw")
	}
	if d := time.Since(begin); d > 30*time.Second {
		t.Errorf("took %v", d)
	}
}

func TestParseAllocatesNothing(t *testing.T) {
	bodies := [][]byte{
		[]byte("{" + three + "}"),
		[]byte("{" + three + `,"send_id":"\n\u00e9","b":[1,2],"a\n":"c"}`),
		[]byte("{\"send_user\":\"\xff\",\"send_time\":\"t\",\"send_msg\":\"\\n\"}"),
		[]byte("raw \xff text"),
	}
	var m message.Message
	if n := testing.AllocsPerRun(100, func() {
		for _, b := range bodies {
			m.Parse(b)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestParseSmallScope compares with encoding/json all short strings of the characters that the grammar tells apart, as value
// of a further member and inside of strings.
func TestParseSmallScope(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		before, alphabet, after string
		length                  int
	}{
		{"{" + three + `,"x":`, "01-+.eE", "}", 5},
		{"{" + three + `,"x":`, `{}[],:"1`, "}", 4},
		{"{" + three + `,"x":`, "truefalsn", "}", 4},
		{"{" + three + `,"x":"`, `\u0aF"n`, `"}`, 4},
		{"{" + three + `,"x":"\u`, "09afF/:@`", `"}`, 4},
		{`{"send_user":"u","send_time":"t","send_msg":"`, `\u0aF"n`, `"}`, 4},
		{`{"send_user":"u","send_time":"t","send_msg":"\u`, "09afF/:@`", `"}`, 4},
		{`{"send_user":"u","send_time":"t","send_msg":"\ud83d`, `\ud8e0x`, `"}`, 4},
		{"{" + three + `,"x":{"":1`, `{}[],:"1`, "}", 4},
		{`{"send_user":"\u`, "09aF", "", 4},
		{`{"send_user":"\ud83d`, `\u0`, "", 3},
		{"{" + three, `,"x:1`, "}", 6},
		{"{" + three, `,{}: "`, "}", 5},
	} {
		var m message.Message
		body := []byte(tt.before)
		var all func(n int)
		all = func(n int) {
			end := len(body)
			body = append(body, tt.after...)
			checkParse(t, &m, body)
			body = body[:end]
			for i := 0; n > 0 && i < len(tt.alphabet); i++ {
				body = append(body, tt.alphabet[i])
				all(n - 1)
				body = body[:end]
			}
		}
		all(tt.length)
	}
}

// TestParseEveryByte puts each byte at each place of a word that the scanner looks at.
func TestParseEveryByte(t *testing.T) {
	t.Parallel()
	var m message.Message
	for c := range 256 {
		for i := range 9 {
			s := strings.Repeat("x", i) + string([]byte{byte(c)}) + strings.Repeat("x", 12-i)
			checkParse(t, &m, []byte(`{"send_user":"u","send_time":"t","send_msg":"`+s+`","x":"`+s+`"}`))
			checkParse(t, &m, []byte(`{`+three+`,"x":"`+s+`"}`))
			checkParse(t, &m, []byte(`{`+three+`}`+s[:i+1]))
		}
	}
}
