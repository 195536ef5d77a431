package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/seed-067c1534/sigio/message"
)

func TestSyslog(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, user, time, text, extra string }{
		{`<13>1 2026-11-24T18:00:00.123456+01:00 myhost app 4242 ID47 [timeQuality tzKnown="1" isSynced="0"][x@1 a="b\"\]"] ` + "\ufeffhello",
			"app", "2026-11-24T18:00:00.123456+01:00", "hello",
			`"host":"myhost","pid":"4242","msgid":"ID47","facility":"user","severity":"notice","data":{"timeQuality":{"isSynced":"0","tzKnown":"1"},"x@1":{"a":"b\"]"}}`},
		{`<34>1 - - - - - -`, "", "", "", `"facility":"auth","severity":"crit"`},
		{`<165>1 2026-11-24T18:00:00Z myhost - - - - text alone`, "myhost", "2026-11-24T18:00:00Z", "text alone", `"host":"myhost","facility":"local4","severity":"notice"`},
		{"<165>1 2026-11-24T18:00:00Z h a - - - two\nlines", "a", "2026-11-24T18:00:00Z", "two\nlines", `"host":"h","facility":"local4","severity":"notice"`},
		{`<13>Nov 24 18:00:00 myhost su[77]: 'su root' failed`, "su", "Nov 24 18:00:00", "'su root' failed", `"host":"myhost","pid":"77","facility":"user","severity":"notice"`},
		{`<13>Nov  4 18:00:00 myhost tag: hello`, "tag", "Nov  4 18:00:00", "hello", `"host":"myhost","facility":"user","severity":"notice"`},
		{`<13>2026-11-24T18:00:00.5+01:00 myhost tag: hello`, "tag", "2026-11-24T18:00:00.5+01:00", "hello", `"host":"myhost","facility":"user","severity":"notice"`},
		{`<191>hello, world`, "", "", "hello, world", `"facility":"local7","severity":"debug"`},
		{`<0>`, "", "", "", `"facility":"kern","severity":"emerg"`},
	} {
		var m message.Message
		readSyslog(&m, []byte(c.in))
		if m.Raw || string(m.User) != c.user || string(m.Time) != c.time || string(m.Text) != c.text || string(m.Extra) != c.extra || string(m.Body) != c.in {
			t.Errorf("%s\nuser %q time %q text %q raw %v\nextra %s\nwant  %s", c.in, m.User, m.Time, m.Text, m.Raw, m.Extra, c.extra)
		}
		if line := message.AppendJSON(nil, &m); !json.Valid(line) {
			t.Errorf("%s: not JSON: %s", c.in, line)
		}
	}
}

// What is no syslog is what it would be without it.
func TestNoSyslog(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"hello", "<", "<>", "<13", "<192>x", "<1234>x", "<-1>x", "< 1>x", "<1x>", "", `{"send_user":"a","send_time":"b","send_msg":"<13>c"}`, "\xff<13>x"} {
		var got, want message.Message
		readSyslog(&got, []byte(in))
		want.Parse([]byte(in))
		if got.Raw != want.Raw || string(got.Text) != string(want.Text) || string(got.User) != string(want.User) || len(got.Extra) > 0 {
			t.Errorf("%q: %+v", in, got)
		}
	}
}

// One Message reads one after the other.
func TestSyslogLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	var m message.Message
	readSyslog(&m, []byte(`<13>1 2026-11-24T18:00:00Z h a 1 i [d@1 a="b"] hello`))
	readSyslog(&m, []byte("plain"))
	if !m.Raw || m.User != nil || m.Time != nil || m.Extra != nil || string(m.Text) != "plain" {
		t.Errorf("%+v", m)
	}
}

// Its memory is used again, whatever it has read before.
func TestSyslogInTurn(t *testing.T) {
	t.Parallel()
	inputs := []string{
		`<13>1 2026-11-24T18:00:00Z h a 1 i [d@1 a="b"] hello`,
		`{"send_user":"u","send_time":"t","send_msg":"m","further":[1,2,3],"more":"members"}`,
		"plain", `<191>hello, world`, `<13>Nov 24 18:00:00 myhost su[77]: 'su root' failed`,
	}
	var m message.Message
	for i := range len(inputs) * len(inputs) {
		readSyslog(&m, []byte(inputs[i/len(inputs)]))
		in := []byte(inputs[i%len(inputs)])
		readSyslog(&m, in)
		var fresh message.Message
		readSyslog(&fresh, in)
		if got, want := message.AppendJSON(nil, &m), message.AppendJSON(nil, &fresh); string(got) != string(want) {
			t.Errorf("%d: %s became\n%swant\n%s", i, in, got, want)
		}
	}
}

func FuzzSyslog(f *testing.F) {
	f.Add([]byte(`<13>1 2026-11-24T18:00:00Z h a 1 i [d@1 a="b"] hello`))
	f.Add([]byte(`<13>Nov 24 18:00:00 myhost su[77]: 'su root' failed`))
	f.Add([]byte("<13>1 \xff"))
	f.Fuzz(func(t *testing.T, body []byte) {
		var m message.Message
		readSyslog(&m, body)
		if line := message.AppendJSON(nil, &m); !json.Valid(line) || strings.Count(string(line), "\n") != 1 {
			t.Errorf("%q became %s", body, line)
		}
	})
}

func BenchmarkSyslog(b *testing.B) {
	body := []byte(`<13>1 2026-11-24T18:00:00.123456+01:00 myhost app 4242 ID47 [timeQuality tzKnown="1" isSynced="0"] hello, this is a message`)
	var m message.Message
	b.ReportAllocs()
	for b.Loop() {
		readSyslog(&m, body)
	}
}
