package message_test

import (
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing/iotest"
	"time"

	"github.com/seed-067c1534/sigio/message"
)

func ExampleMessage_Parse() {
	var m message.Message
	for _, datagram := range []string{
		`{"send_user": "user0042", "send_time": "2026-11-22 21:14:00", "send_msg": "hello\n", "level": 3}`,
		"just text\n",
	} {
		m.Parse([]byte(datagram))
		fmt.Printf("raw %v: user %q, text %q, extra %q\n", m.Raw, m.User, m.Text, m.Extra)
	}
	// Output:
	// raw false: user "user0042", text "hello\n", extra "\"level\": 3"
	// raw true: user "", text "just text", extra ""
}

// Messages from a connection: read behind what is left, look for messages, keep what is left.
func ExampleFramer() {
	stream := "{\"send_msg\": \"first\"}\n{\"send_msg\": \"seco" + "nd\"}{\"too long\": \"" + strings.Repeat("x", 100) + "\"}\nhello\n{\"cut"
	conn := iotest.OneByteReader(strings.NewReader(stream)) // as slow as a sender can be

	f := message.Framer{MaxSize: 80}
	var buf []byte
	var p [512]byte
	for {
		n, err := conn.Read(p[:])
		buf = append(buf, p[:n]...)
		for {
			frame, n, cause := f.Next(buf)
			switch {
			case frame != nil:
				fmt.Printf("message %s\n", frame)
			case cause != "":
				fmt.Printf("given up: %s\n", cause)
			}
			buf = buf[n:]
			if frame == nil && cause == "" {
				break
			}
		}
		if err == io.EOF {
			break
		}
	}
	if frame, cause := f.End(buf); frame != nil || cause != "" {
		fmt.Printf("at the end %s%s\n", frame, cause)
	}
	// Output:
	// message {"send_msg": "first"}
	// message {"send_msg": "second"}
	// given up: oversize
	// message hello
	// at the end {"cut
}

func ExampleAppendText() {
	var m message.Message
	m.Parse([]byte(`{"send_user":"user0042","send_time":"2026-11-22 21:14:00","send_msg":"hello"}`))
	fmt.Printf("%s", message.AppendText(nil, &m))
	m.Parse([]byte("\x1b[2Jforged\n2026-11-22 21:14:01 admin: C:\\temp"))
	fmt.Printf("%s", message.AppendText(nil, &m))
	// Output:
	// 2026-11-22 21:14:00 user0042: hello
	// \x1b[2Jforged\n2026-11-22 21:14:01 admin: C:\\temp
}

func ExampleAppendJSON() {
	m := message.Message{
		Transport:  "udp",
		Peer:       netip.MustParseAddrPort("127.0.0.1:40000"),
		ReceivedAt: time.Date(2026, 11, 22, 21, 14, 0, 0, time.UTC),
	}
	m.Parse([]byte(`{"send_user": "u", "send_time": "t", "send_msg": "m", "level": 3, "peer": "nobody"}`))
	fmt.Printf("%s", message.AppendJSON(nil, &m))
	m.Parse([]byte("hello\xff"))
	fmt.Printf("%s", message.AppendJSON(nil, &m))
	// Output:
	// {"send_user":"u","send_time":"t","send_msg":"m","level":3,"_peer":"nobody","transport":"udp","peer":"127.0.0.1:40000","received_at":"2026-11-22T21:14:00Z"}
	// {"send_user":"","send_time":"","send_msg":"hello�","raw":true,"invalid_utf8":true,"transport":"udp","peer":"127.0.0.1:40000","received_at":"2026-11-22T21:14:00Z"}
}

func ExampleAppendRaw() {
	var m message.Message
	for _, body := range []string{"hello\tthere\xff", "{\n  \"send_user\": \"u\",\n  \"send_time\": \"t\",\n  \"send_msg\": \"m\u202e\"\n}\n"} {
		m.Parse([]byte(body))
		fmt.Printf("%s", message.AppendRaw(nil, &m))
	}
	// Output:
	// hello\tthere\xff
	// {   "send_user": "u",   "send_time": "t",   "send_msg": "m\u202e" }
}
