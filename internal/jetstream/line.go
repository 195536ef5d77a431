package jetstream

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"strings"
	"time"

	"github.com/seed-067c1534/sigio/message"
)

// parseLine sets m to the message of which message.AppendJSON has made a line. What is no such line
// is a message all the same, with stored as its time of arrival. m aliases line.
func parseLine(line []byte, m *message.Message, stored time.Time) {
	m.Parse(line)
	m.Transport, m.Peer, m.ReceivedAt = "", netip.AddrPort{}, stored
	if m.Raw {
		return
	}
	m.Extra = ours(m.Extra, m)
}

// ours takes the receiver's own members out of the further members, and gives the others back the
// names that the sender wrote.
func ours(extra []byte, m *message.Message) []byte {
	if len(extra) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(append(append([]byte{'{'}, extra...), '}')))
	d.UseNumber()
	if _, err := d.Token(); err != nil {
		return extra
	}
	var left []byte
	for d.More() {
		token, err := d.Token()
		name, is := token.(string)
		var value json.RawMessage
		if err != nil || !is || d.Decode(&value) != nil {
			return extra
		}
		switch name {
		case "raw":
			m.Raw = string(value) == "true"
		case "invalid_utf8":
			m.InvalidUTF8 = string(value) == "true"
		case "transport":
			json.Unmarshal(value, &m.Transport)
		case "peer":
			var text string
			if json.Unmarshal(value, &text) == nil {
				m.Peer, _ = netip.ParseAddrPort(text)
			}
		case "received_at":
			var t time.Time
			if json.Unmarshal(value, &t) == nil {
				m.ReceivedAt = t
			}
		default:
			if len(left) > 0 {
				left = append(left, ',')
			}
			quoted, err := json.Marshal(sendersName(name))
			if err != nil {
				return extra
			}
			left = append(append(append(left, quoted...), ':'), value...)
		}
	}
	return left
}

// sendersName undoes what keeps a sender from speaking for the receiver.
func sendersName(name string) string {
	bare, found := strings.CutPrefix(name, "_")
	if !found {
		return name
	}
	switch strings.TrimLeft(bare, "_") {
	case "raw", "invalid_utf8", "transport", "peer", "received_at":
		return bare
	}
	return name
}
