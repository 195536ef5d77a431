package message_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/seed-067c1534/sigio/message"
)

// usual is a message of 90 bytes.
const usual = `{"send_user":"user0042","send_time":"2026-11-22 21:14:00","send_msg":"hello from 0042, k"}`

func TestBenchmarkMessage(t *testing.T) {
	if len(usual) != 90 {
		t.Errorf("the message has %d bytes", len(usual))
	}
}

func BenchmarkParse(b *testing.B) {
	for _, bb := range []struct{ name, body string }{
		{"usual", usual},
		{"spaced", strings.NewReplacer(`":"`, `": "`, `","`, `", "`).Replace(usual)},
		{"raw", strings.Repeat("hello raw ", 9)},
		{"extra", usual[:len(usual)-1] + `,"send_id":"42","level":3,"tags":["a","b"]}`},
		{"escapes", strings.Replace(usual, "hello from", `h\u00e9ll\u00f6\n`, 1)},
		{"utf8", strings.Replace(usual, "hello from", `привет`, 1)},
		{"64KiB", usual[:80] + strings.Repeat("x", 65000) + `"}`},
	} {
		b.Run(bb.name, func(b *testing.B) {
			body := []byte(bb.body)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			var m message.Message
			for b.Loop() {
				m.Parse(body)
			}
		})
	}
}

// BenchmarkParseEncodingJSON is the peer of BenchmarkParse/usual.
func BenchmarkParseEncodingJSON(b *testing.B) {
	body := []byte(usual)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	var m struct {
		User string `json:"send_user"`
		Time string `json:"send_time"`
		Text string `json:"send_msg"`
	}
	for b.Loop() {
		if err := json.Unmarshal(body, &m); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFramer gives the time for each message, read in pieces of 64 KiB or of one byte.
func BenchmarkFramer(b *testing.B) {
	for _, bb := range []struct {
		name, unit string
		piece      int
	}{
		{"json", usual + "\n", 64 << 10},
		{"json-no-newline", usual, 64 << 10},
		{"lines", strings.Repeat("hello raw ", 9) + "\n", 64 << 10},
		{"counted", fmt.Sprintf("%d %s", len(usual), usual), 64 << 10},
		{"json-bytewise", usual + "\n", 1},
	} {
		b.Run(bb.name, func(b *testing.B) {
			stream := bytes.Repeat([]byte(bb.unit), 4096)
			b.SetBytes(int64(len(bb.unit)))
			b.ReportAllocs()
			var f message.Framer
			from, to := 0, 0
			for b.Loop() {
				for {
					frame, n, _ := f.Next(stream[from:to])
					from += n
					if frame != nil {
						break
					}
					if to == len(stream) {
						if f.End(stream[from:]); from != to {
							b.Fatalf("%d bytes left", to-from)
						}
						from, to = 0, 0
					}
					to = min(to+bb.piece, len(stream))
				}
			}
		})
	}
}

func benchmarkAppend(b *testing.B, f func([]byte, *message.Message) []byte) {
	for _, bb := range []struct{ name, body string }{
		{"usual", usual},
		{"utf8", strings.Replace(usual, "hello from", `привет`, 1)},
		{"extra", usual[:len(usual)-1] + `,"send_id":"42","level":3,"tags":["a","b"]}`},
		{"raw", strings.Repeat("hello raw ", 9)},
		{"hostile", strings.Repeat("\x1b[31m\u202e", 11)},
	} {
		b.Run(bb.name, func(b *testing.B) {
			m := message.Message{Transport: "udp", Peer: peer, ReceivedAt: received}
			m.Parse([]byte(bb.body))
			b.SetBytes(int64(len(bb.body)))
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				dst = f(dst[:0], &m)
			}
		})
	}
}

func BenchmarkAppendText(b *testing.B) { benchmarkAppend(b, message.AppendText) }
func BenchmarkAppendJSON(b *testing.B) { benchmarkAppend(b, message.AppendJSON) }
func BenchmarkAppendRaw(b *testing.B)  { benchmarkAppend(b, message.AppendRaw) }
