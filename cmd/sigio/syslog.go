package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"

	"github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/auto"
	"github.com/leodido/go-syslog/v4/rfc3164"
	"github.com/leodido/go-syslog/v4/rfc5424"
	"github.com/seed-067c1534/sigio/message"
)

// syslogParsers are kept, since making one takes longer than parsing; each is for one
// goroutine at a time.
var syslogParsers = sync.Pool{New: func() any {
	return auto.NewMachine(auto.WithRFC3164Options(
		rfc3164.WithRFC3339(), rfc3164.WithSecondFractions(), rfc3164.WithLenientDay(), rfc3164.WithEmbeddedNewlines(),
	))
}}

// readSyslog reads a message of syslog, RFC 5424 or RFC 3164:
//
//	send_user   the program (APP-NAME, TAG), or the host if none is named
//	send_time   the time as it was written
//	send_msg    the text (MSG, CONTENT)
//	host, pid, msgid, facility, severity, data   as far as they are there
//
// Of a message that has a priority, but no header that these know, everything behind the
// priority is the text. What has none is read as any other message.
func readSyslog(m *message.Message, body []byte) {
	m.Parse(body)
	if !m.Raw || len(m.Text) == 0 || m.Text[0] != '<' {
		return
	}
	text := m.Text // without what is not UTF-8
	parser := syslogParsers.Get().(syslog.Machine)
	parsed, err := parser.Parse(text)
	syslogParsers.Put(parser)
	x := syslogMembers{}
	switch p := parsed.(type) {
	case *rfc5424.SyslogMessage:
		x.take(m, &p.Base)
		m.Time = timeOf(text, 1)
		if p.StructuredData != nil {
			x.Data = *p.StructuredData
		}
	case *rfc3164.SyslogMessage:
		x.take(m, &p.Base)
		m.Time = timeOf(text, 0)
	}
	if err != nil || parsed == nil {
		priority, rest, ok := cutPriority(text)
		if !ok {
			return
		}
		var base syslog.Base
		base.ComputeFromPriority(priority)
		x.take(m, &base)
		m.Time, m.Text = nil, rest
	}
	m.Raw = false
	m.Text = bytes.TrimPrefix(m.Text, []byte("\ufeff"))
	m.Extra = x.json()
}

// syslogMembers are the further members of a message.
type syslogMembers struct {
	Host     string                       `json:"host,omitempty"`
	PID      string                       `json:"pid,omitempty"`
	MsgID    string                       `json:"msgid,omitempty"`
	Facility string                       `json:"facility,omitempty"`
	Severity string                       `json:"severity,omitempty"`
	Data     map[string]map[string]string `json:"data,omitempty"`
}

// take sets x and m to what b has.
func (x *syslogMembers) take(m *message.Message, b *syslog.Base) {
	value := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	x.Host, x.PID, x.MsgID = value(b.Hostname), value(b.ProcID), value(b.MsgID)
	x.Facility, x.Severity = value(b.FacilityLevel()), value(b.SeverityShortLevel())
	m.User = []byte(value(b.Appname))
	if len(m.User) == 0 {
		m.User = []byte(x.Host)
	}
	m.Text = []byte(value(b.Message))
}

// json is x as message.Message.Extra has it.
func (x *syslogMembers) json() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(x); err != nil {
		return nil // strings can always be encoded
	}
	members := bytes.TrimSpace(b.Bytes())
	return members[1 : len(members)-1]
}

// timeOf returns the time in a header as it was written: of RFC 5424, behind the version;
// of RFC 3164, behind the priority, "Jan  2 15:04:05" or one word.
func timeOf(text []byte, words int) []byte {
	_, rest, _ := bytes.Cut(text, []byte{'>'})
	for range words {
		_, rest, _ = bytes.Cut(rest, []byte{' '})
	}
	n := 0
	if words == 0 && len(rest) > len("Jan  2") && (rest[0] < '0' || rest[0] > '9') {
		n = len("Jan  2 ")
	}
	if i := bytes.IndexByte(rest[n:], ' '); i >= 0 {
		rest = rest[:n+i]
	}
	if string(rest) == "-" {
		return nil
	}
	return []byte(strings.TrimSuffix(string(rest), ":"))
}

// cutPriority reads <0> to <191>.
func cutPriority(text []byte) (priority uint8, rest []byte, ok bool) {
	digits, rest, ok := bytes.Cut(text[1:], []byte{'>'})
	if !ok || len(digits) < 1 || len(digits) > 3 {
		return 0, nil, false
	}
	n := 0
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, nil, false
		}
		n = n*10 + int(c-'0')
	}
	return uint8(n), rest, n <= 191
}
