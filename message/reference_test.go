package message_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/seed-067c1534/sigio/message"
)

// pair is a member of an object as encoding/json reads it.
type pair struct {
	name  string
	value string // compact
}

// reference reads what Parse should find, by encoding/json; ok is false where the message should be raw.
func reference(t *testing.T, b []byte) (fields map[string]string, extra []pair, ok bool) {
	if depth(b) > message.MaxDepth || !json.Valid(b) {
		return nil, nil, false
	}
	members, ok := members(t, b)
	if !ok {
		return nil, nil, false
	}
	fields = map[string]string{}
	names := map[string]bool{}
	for _, p := range members {
		if names[p.name] {
			return nil, nil, false
		}
		names[p.name] = true
		switch p.name {
		case "send_user", "send_time", "send_msg", "send_id":
			if p.value[0] == '"' {
				var s string
				if err := json.Unmarshal([]byte(p.value), &s); err != nil {
					t.Fatalf("Unmarshal(%q): %v", p.value, err)
				}
				fields[p.name] = s
				continue
			}
			if p.name != "send_id" {
				return nil, nil, false
			}
		}
		extra = append(extra, p)
	}
	for _, name := range []string{"send_user", "send_time", "send_msg"} {
		if _, has := fields[name]; !has {
			return nil, nil, false
		}
	}
	return fields, extra, true
}

// members returns those of a valid JSON value in their order, if it is an object.
func members(t *testing.T, b []byte) (list []pair, object bool) {
	d := json.NewDecoder(bytes.NewReader(b))
	if tok, err := d.Token(); err != nil || tok != json.Delim('{') {
		return nil, false
	}
	for d.More() {
		tok, err := d.Token()
		if err != nil {
			t.Fatalf("a name in %q: %v", b, err)
		}
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			t.Fatalf("a value in %q: %v", b, err)
		}
		list = append(list, pair{tok.(string), compact(t, v)})
	}
	return list, true
}

func compact(t *testing.T, b []byte) string {
	var buf bytes.Buffer
	if err := json.Compact(&buf, b); err != nil {
		t.Fatalf("Compact(%q): %v", b, err)
	}
	return buf.String()
}

// depth returns how deep the brackets outside of strings stand at most.
func depth(b []byte) int {
	var now, most int
	inside := false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case inside && c == '\\':
			i++
		case c == '"':
			inside = !inside
		case inside:
		case c == '{' || c == '[':
			now++
			most = max(most, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return most
}

// repaired returns b with U+FFFD for each invalid byte, as the conversion to runes does it.
func repaired(b []byte) string { return string([]rune(string(b))) }

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"{" + three + "}", "{ \"a\" : [1, {\"b\":null}] ,\n" + three + ",\"send_id\":\"\\ud83d\\ude00\"}\r\n", "{" + three + `,"send_id":1e5,"\u0061":"\\"}`,
		"{" + three + ",\"x\":\"\xff\\ud800\"}", "{" + three + `,"a":true,"a":false}`, "text\n", `{"send_user":`, "\xff",
	} {
		f.Add([]byte(s))
	}
	var m message.Message
	f.Fuzz(func(t *testing.T, body []byte) {
		checkParse(t, &m, body)
		// As the value of a further member the grammar sees it as well, whatever it is.
		checkParse(t, &m, slices.Concat([]byte("{"+three+`,"x":`), body, []byte("}")))
	})
}

// checkParse compares Parse with encoding/json.
func checkParse(t *testing.T, m *message.Message, body []byte) {
	t.Helper()
	before := bytes.Clone(body)
	body = slices.Clip(slices.Clone(body)) // so that reading behind the end is an error
	m.Parse(body)
	if !bytes.Equal(body, before) {
		t.Fatal("Parse changed its argument")
	}
	trimmed := bytes.TrimSuffix(body, []byte("\n"))
	if len(trimmed) < len(body) {
		trimmed = bytes.TrimSuffix(trimmed, []byte("\r"))
	}
	valid := repaired(trimmed)
	if !bytes.Equal(m.Body, trimmed) || m.InvalidUTF8 != (valid != string(trimmed)) {
		t.Fatalf("%q: body %q, invalid UTF-8 %v", body, m.Body, m.InvalidUTF8)
	}
	fields, extra, ok := reference(t, []byte(valid))
	if m.Raw == ok {
		t.Fatalf("%q: raw %v, encoding/json: object %v", body, m.Raw, ok)
	}
	if m.Raw {
		if string(m.Text) != valid || len(m.User)+len(m.Time)+len(m.Extra) > 0 || m.ID != nil {
			t.Fatalf("%q: raw, but %+v", body, m)
		}
		return
	}
	if string(m.User) != fields["send_user"] || string(m.Time) != fields["send_time"] || string(m.Text) != fields["send_msg"] {
		t.Fatalf("%q: user %q, time %q, text %q; want %q", body, m.User, m.Time, m.Text, fields)
	}
	if id, has := fields["send_id"]; has != (m.ID != nil) || id != string(m.ID) {
		t.Fatalf("%q: id %q; want %q, %v", body, m.ID, id, has)
	}
	got, _ := members(t, []byte("{"+string(m.Extra)+"}"))
	if !slices.Equal(got, extra) {
		t.Fatalf("%q: extra %q; want %q", body, got, extra)
	}
}
