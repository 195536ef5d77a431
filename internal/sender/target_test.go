package sender_test

import (
	"strings"
	"testing"

	"github.com/seed-067c1534/sigio/internal/sender"
)

func TestParseURL(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                          "udp://localhost:8888",
		"udp://":                    "udp://localhost:8888",
		"tcp://":                    "tcp://localhost:8888",
		"TCP://":                    "tcp://localhost:8888",
		"tcp:///":                   "tcp://localhost:8888",
		"udp://:9":                  "udp://localhost:9",
		"udp://example.org":         "udp://example.org:8888",
		"udp://example.org:":        "udp://example.org:8888",
		"tcp://127.0.0.1:1/":        "tcp://127.0.0.1:1",
		"tcp://127.0.0.1:65535":     "tcp://127.0.0.1:65535",
		"udp://[::1]":               "udp://[::1]:8888",
		"udp://[fe80::1%eth0]:8889": "udp://[fe80::1%eth0]:8889",
	} {
		got, err := sender.ParseURL(in)
		if err != nil || got.String() != want {
			t.Errorf("ParseURL(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
}

// Each error says what is wrong and what would be right.
func TestParseURLErrors(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]string{
		"localhost":            {"no protocol", "write udp://localhost:8888 or tcp://localhost:8888"},
		"localhost:7":          {"no protocol", "udp://localhost:7"},
		"udp:localhost":        {"no protocol", "udp://localhost:8888"},
		"::1":                  {"no protocol", "udp://host:port"},
		"http://example.org":   {`over "http"`, "udp://example.org:8888"},
		"tls://h:1":            {`over "tls"`, "tcp://h:1"},
		"unix:///run/x":        {`over "unix"`, "udp://"},
		"udp://h:1/path":       {`unexpected "/"`, "udp://host:port"},
		"tcp://h:1?x=1":        {`unexpected "?"`, "tcp://host:port"},
		"tcp://me@h":           {`unexpected "@"`},
		"tcp://a b":            {`unexpected " "`},
		"udp://::1":            {"brackets", "udp://[::1]:8888"},
		"udp://::1:9":          {"brackets", "udp://["},
		"udp://1:2:x":          {"brackets", "udp://[::1]:8888"},
		"udp://[::1":           {"not closed", "udp://[::1]:8888"},
		"udp://[localhost]:1":  {"not an IPv6 address"},
		"udp://[127.0.0.1]:1":  {"not an IPv6 address"},
		"udp://[::1]8888":      {`unexpected "8888"`, "udp://[::1]:port"},
		"udp://h:0":            {`port "0"`, "from 1 to 65535"},
		"udp://h:65536":        {`port "65536"`},
		"udp://h:-1":           {`port "-1"`},
		"udp://h:http":         {`port "http"`},
		"tcp://[::1]:99999999": {`port "99999999"`},
	} {
		got, err := sender.ParseURL(in)
		if err == nil {
			t.Errorf("ParseURL(%q) = %v, want an error", in, got)
			continue
		}
		for _, w := range append(want, "sigio: target ", in) {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("ParseURL(%q): %q does not say %q", in, err, w)
			}
		}
	}
}

func FuzzParseURL(f *testing.F) {
	for _, s := range []string{"", "udp://[::1]:8888", "tcp://h:1", ":::", "udp://[", "x://y:z", "udp:", "1::"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := sender.ParseURL(s)
		if err != nil {
			return
		}
		if again, err := sender.ParseURL(got.String()); err != nil || again != got {
			t.Fatalf("ParseURL(%q) = %v, which is read as %v, %v", s, got, again, err)
		}
	})
}
