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
		"tls://":                    "tls://localhost:8888",
		"tls://h:1?":                "tls://h:1",
		"tls://h?ca=x&cert=y":       "tls://h:8888",
		"unix:///run/x.sock":        "unix:///run/x.sock",
		"unix://x.sock":             "unix://x.sock",
		"unix://@name":              "unix://@name",
		"unix:///a%3Fb%25c%20d?":    "unix:///a%3Fb%25c d",
		"unixgram:///run/x:1/y":     "unixgram:///run/x:1/y",
		"UNIXGRAM://@a/b":           "unixgram://@a/b",
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
		"tls:h:1":              {"no protocol", "write tls://h:1"},
		"unix:/run/x":          {"no protocol", "write unix:///run/x"},
		"/run/x":               {"no protocol", "write unix:///run/x"},
		"@name":                {"no protocol", "write unix://@name"},
		"ftp:///run/x":         {`over "ftp"`, "tls, unix and unixgram", "unix:///run/x"},
		"unix://":              {"no path", "unix:///run/sigio.sock"},
		"unix://@":             {"no path", "unix://@name"},
		"unix:///a%zz":         {`"%zz"`, "write %25"},
		"unix:///a?mode=0600":  {"no parameters", "%3F"},
		"tls://h:1?tls=1.3":    {`no parameter "tls"`, "want ca, cert, key, name"},
		"tls://h:1?ca=a&ca=b":  {"ca is there more than once"},
		"tls://h:1?cert=":      {"cert has no value"},
		"tls://h:1?key=x":      {"without its certificate", "cert=FILE"},
		"tls://h:1?a=%zz":      {"name=value"},
		"tls://h:1/x?ca=y":     {`unexpected "/"`, "tls://host:port"},
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

func TestParseURLOfTLS(t *testing.T) {
	t.Parallel()
	got, err := sender.ParseURL("tls://h:1?ca=a%26b&cert=/c.pem&key=k+k&name=n")
	want := sender.Target{Network: "tls", Address: "h:1", TLS: sender.TLS{CA: "a&b", Cert: "/c.pem", Key: "k k", Name: "n"}}
	if err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

// A path is as long as a socket's address allows.
func TestParseURLOfLongPath(t *testing.T) {
	t.Parallel()
	if _, err := sender.ParseURL("unix://" + strings.Repeat("x", 107)); err != nil {
		t.Error(err)
	}
	if _, err := sender.ParseURL("unixgram://" + strings.Repeat("x", 108)); err == nil || !strings.Contains(err.Error(), "has 108 bytes, a socket's may have 107") {
		t.Error(err)
	}
}

func FuzzParseURL(f *testing.F) {
	for _, s := range []string{"", "udp://[::1]:8888", "tcp://h:1", ":::", "udp://[", "x://y:z", "udp:", "1::", "unix:///%3F", "unixgram://@x", "tls://h?ca=x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := sender.ParseURL(s)
		if err != nil {
			return
		}
		got.TLS = sender.TLS{} // which is not printed
		if again, err := sender.ParseURL(got.String()); err != nil || again != got {
			t.Fatalf("ParseURL(%q) = %v, which is read as %v, %v", s, got, again, err)
		}
	})
}
