package web

import (
	"strings"
	"time"

	"github.com/seed-067c1534/sigio/message"
)

// Message is a message as the page shows it: its texts with everything that a
// terminal or a reader could mistake escaped, as message.AppendRaw does it.
type Message struct {
	At        time.Time `json:"at"`
	Transport string    `json:"transport"`
	Peer      string    `json:"peer,omitempty"`
	User      string    `json:"user,omitempty"`
	Time      string    `json:"time,omitempty"`
	Text      string    `json:"text"`
	Raw       bool      `json:"raw,omitempty"`
	Invalid   bool      `json:"invalid_utf8,omitempty"`
	Cut       int       `json:"cut,omitempty"` // bytes of the text that are not shown
}

// shownText and shownName bound what of one message is copied.
const (
	shownText = 1024
	shownName = 128
)

func newMessage(m *message.Message) Message {
	v := Message{
		At:        m.ReceivedAt,
		Transport: m.Transport,
		User:      visible(m.User, shownName),
		Time:      visible(m.Time, shownName),
		Text:      visible(m.Text, shownText),
		Raw:       m.Raw,
		Invalid:   m.InvalidUTF8,
		Cut:       max(0, len(m.Text)-shownText),
	}
	if m.Peer.IsValid() {
		v.Peer = m.Peer.String()
	}
	return v
}

// visible is text that shows itself. A character that is cut in two becomes \xff.
func visible(b []byte, limit int) string {
	raw := message.Message{Raw: true, Body: b[:min(len(b), limit)]}
	return strings.TrimSuffix(string(message.AppendRaw(nil, &raw)), "\n")
}
