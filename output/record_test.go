package output_test

import (
	"bytes"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/output"
)

func records(t testing.TB) []*message.Message {
	var all []*message.Message
	for i, body := range []string{
		`{"send_user":"u","send_time":"t","send_msg":"m"}`,
		`{"send_user":"","send_time":"","send_msg":"","send_id":"","a":[1,{"b":2}],"c":null}`,
		"raw \x00 text \xff", "",
	} {
		m := new(message.Message)
		m.Parse([]byte(body))
		m.ReceivedAt = time.Unix(1_764_000_000+int64(i), 123456789)
		m.Transport = []string{"udp", "tcp", "other", ""}[i]
		if i > 0 {
			m.Peer = netip.MustParseAddrPort([]string{"", "127.0.0.1:1", "[fe80::1%eth0]:65535", "[::1]:0"}[i])
		}
		all = append(all, m)
	}
	return all
}

func TestRecord(t *testing.T) {
	t.Parallel()
	var b []byte
	all := records(t)
	for _, m := range all {
		b = output.AppendRecord(b, m)
	}
	for i, want := range all {
		var got message.Message
		rest, err := output.NextRecord(b, &got)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := message.AppendJSON(nil, &got), message.AppendJSON(nil, want); !bytes.Equal(a, b) || (got.ID == nil) != (want.ID == nil) {
			t.Errorf("record %d is %swant %s", i, a, b)
		}
		b = rest
	}
	if len(b) != 0 {
		t.Fatalf("%d bytes left", len(b))
	}
}

// Whatever the bytes are, they are a record or an error.
func FuzzNextRecord(f *testing.F) {
	for _, m := range records(f) {
		b := output.AppendRecord(nil, m)
		f.Add(b)
		f.Add(b[:len(b)-1])
	}
	f.Add([]byte{0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		var m message.Message
		rest, err := output.NextRecord(b, &m)
		if err != nil {
			if !errors.Is(err, output.ErrRecord) || len(rest) != len(b) {
				t.Fatalf("%v, %d of %d bytes", err, len(rest), len(b))
			}
			return
		}
		if len(rest) >= len(b) {
			t.Fatal("no progress")
		}
		var again message.Message
		if _, err := output.NextRecord(output.AppendRecord(nil, &m), &again); err != nil || !bytes.Equal(again.Text, m.Text) {
			t.Fatal(err)
		}
	})
}
