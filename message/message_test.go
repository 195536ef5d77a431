package message_test

import (
	"testing"

	"github.com/seed-067c1534/sigio/message"
)

func TestParseUsual(t *testing.T) {
	var m message.Message
	m.Parse([]byte(`{"send_user":"user0042", "send_time":"2026-11-22 21:14:00", "send_msg":"hello \"x\" \ud83d\ude00","peer": [1, "a b"], "x":1}` + "\r\n"))
	t.Logf("%s %s", message.AppendText(nil, &m), message.AppendJSON(nil, &m))
	if m.Raw || string(m.User) != "user0042" || string(m.Time) != "2026-11-22 21:14:00" || string(m.Text) != "hello \"x\" \U0001f600" {
		t.Errorf("parsed %+v", m)
	}
}
