package main

import (
	"bytes"
	"slices"
	"sync"

	"github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/auto"
	"github.com/leodido/go-syslog/v4/common"
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
	spare := m.Extra[:0] // used again, as Parse does with its memory
	m.Parse(body)
	if !m.Raw || len(m.Text) == 0 || m.Text[0] != '<' {
		return
	}
	text := m.Text // without what is not UTF-8
	parser := syslogParsers.Get().(syslog.Machine)
	parsed, err := parser.Parse(text)
	syslogParsers.Put(parser)
	if err != nil {
		parsed = nil
	}
	x := syslogMembers{spare}
	switch p := parsed.(type) {
	case *rfc5424.SyslogMessage:
		x.header(m, text, &p.Base)
		m.Time = timeOf(text, 1)
		if p.StructuredData != nil {
			x.data(*p.StructuredData)
		}
	case *rfc3164.SyslogMessage:
		x.header(m, text, &p.Base)
		m.Time = timeOf(text, 0)
	default:
		priority, rest, ok := cutPriority(text)
		if !ok {
			return
		}
		x.level(priority/8, priority%8)
		m.Text = rest
	}
	m.Raw = false
	m.Text = bytes.TrimPrefix(m.Text, []byte("\ufeff"))
	m.Extra = x.json
}

// syslogMembers are the further members of a message, as message.Message.Extra has them.
type syslogMembers struct{ json []byte }

// header sets x and m to what b has, which was read from text.
func (x *syslogMembers) header(m *message.Message, text []byte, b *syslog.Base) {
	host := value(b.Hostname)
	x.add("host", host)
	x.add("pid", value(b.ProcID))
	x.add("msgid", value(b.MsgID))
	if b.Facility != nil && b.Severity != nil {
		x.level(*b.Facility, *b.Severity)
	}
	if m.User = within(text, value(b.Appname)); len(m.User) == 0 {
		m.User = within(text, host)
	}
	m.Text = within(text, value(b.Message))
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// within returns s as a part of text, where it was read: so it needs no memory of its own.
func within(text []byte, s string) []byte {
	if n := len(text) - len(s); n >= 0 && string(text[n:]) == s {
		return text[n:] // as the text of a message is
	}
	if i := bytes.Index(text, []byte(s)); i >= 0 {
		return text[i : i+len(s) : i+len(s)]
	}
	return []byte(s)
}

func (x *syslogMembers) level(facility, severity uint8) {
	x.add("facility", common.FacilityKeywords[facility])
	x.add("severity", common.SeverityLevelsShort[severity])
}

// data adds structured data, its names in order.
func (x *syslogMembers) data(elements map[string]map[string]string) {
	if len(elements) == 0 {
		return
	}
	x.name("data")
	x.json = append(x.json, '{')
	var memory [8]string
	for i, id := range inOrder(memory[:0], elements) {
		if i > 0 {
			x.json = append(x.json, ',')
		}
		x.json = message.AppendString(x.json, id)
		x.json = append(x.json, ":{"...)
		var memory [8]string
		for i, name := range inOrder(memory[:0], elements[id]) {
			if i > 0 {
				x.json = append(x.json, ',')
			}
			x.json = message.AppendString(x.json, name)
			x.json = append(x.json, ':')
			x.json = message.AppendString(x.json, elements[id][name])
		}
		x.json = append(x.json, '}')
	}
	x.json = append(x.json, '}')
}

func inOrder[T any](names []string, m map[string]T) []string {
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// add adds a member, unless it is empty.
func (x *syslogMembers) add(name, value string) {
	if value != "" {
		x.name(name)
		x.json = message.AppendString(x.json, value)
	}
}

func (x *syslogMembers) name(name string) {
	if len(x.json) > 0 {
		x.json = append(x.json, ',')
	}
	x.json = message.AppendString(x.json, name)
	x.json = append(x.json, ':')
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
	return bytes.TrimSuffix(rest, []byte{':'})
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
