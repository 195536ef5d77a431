package receiver

import (
	"encoding/json"
	"errors"
	"flag"
	"math"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/message"
)

type nowhere struct{}

func (nowhere) Append(_ *message.Message, r Receipt) bool { r.Delivered(1); return true }
func (nowhere) Room(f func())                             { f() }

func TestURLs(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]endpoint{
		"udp://localhost:8888":                      {network: sys.UDP, host: "localhost", port: 8888},
		"tcp://localhost:0":                         {network: sys.TCP, host: "localhost"},
		"TCP://127.0.0.1:80/":                       {network: sys.TCP, host: "127.0.0.1", port: 80},
		"tcp://[::1]:65535":                         {network: sys.TCP, host: "::1", port: 65535},
		"udp://:8888":                               {network: sys.UDP, port: 8888},
		"udp://*:8888":                              {network: sys.UDP, port: 8888},
		"udp://239.1.2.3:514?interface=lo":          {network: sys.UDP, host: "239.1.2.3", port: 514, parameters: parameters{iface: "lo"}},
		"unix:///run/a.sock?mode=0600&owner=root:0": {network: sys.UnixStream, path: "/run/a.sock", parameters: parameters{mode: "0600", owner: "root:0"}},
		"unixgram://a%3Fb.sock?input=syslog":        {network: sys.UnixDatagram, path: "a?b.sock", parameters: parameters{input: "syslog"}},
		"unix://@name?framing=nul":                  {network: sys.UnixStream, path: "@name", parameters: parameters{framing: "nul"}},
		"systemd:web?framing=lines":                 {given: "web", parameters: parameters{framing: "lines"}},
		"tls://[::1]:6514?cert=a&key=b&client-ca=c&tls=1.3": {network: sys.TCP, host: "::1", port: 6514, tls: true,
			parameters: parameters{cert: "a", key: "b", ca: "c", version: "1.3"}},
		"udp://[fe80::1%eth0]:8888": {network: sys.UDP, host: "fe80::1%eth0", port: 8888},
		"tcp://log.example.org:514": {network: sys.TCP, host: "log.example.org", port: 514},
	} {
		want.url = url
		if got, err := parseEndpoint(url); err != nil || got != want {
			t.Errorf("%s: %+v, %v", url, got, err)
		}
	}
}

// A wrong URL is told what is wrong with it, and what a right one looks like.
func TestWrongURLs(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"localhost:8888":            "no scheme (udp://, tcp://, tls://, unix://, unixgram://, systemd:)",
		"":                          "no scheme",
		"http://localhost:8888":     `the scheme "http" is not known, only udp://, tcp://, tls://, unix://, unixgram://, systemd: are`,
		"tcp://localhost":           "missing port",
		"tcp://":                    "missing port",
		"tcp://localhost:":          "the port is \"\"",
		"tcp://localhost:http":      `the port is "http", not a number`,
		"tcp://localhost:65536":     "the port is",
		"tcp://localhost:-1":        "the port is",
		"tcp://::1:8888":            "too many colons",
		"tcp://[::1:8888":           "missing ']'",
		"tcp://localhost:8888/path": `"/" has no place`,
		"tcp://me@localhost:8888":   `"@" has no place`,
	} {
		_, err := New(Config{Output: nowhere{}, Listen: []string{"udp://localhost:0", url}})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "want for example udp://localhost:8888") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// So is one with a wrong path or wrong parameters.
func TestWrongParameters(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"tcp://localhost:8888?x=y":                   `no parameter "x": want framing, input`,
		"udp://localhost:8888?framing=lines":         `no parameter "framing"`,
		"udp://localhost:8888?interface=lo":          `no parameter "interface"`, // no group
		"tcp://localhost:8888?framing=":              "framing has no value",
		"tcp://localhost:8888?framing=ndjson":        `unknown framing "ndjson"`,
		"tcp://localhost:8888?framing=nul&framing=x": "more than once",
		"tcp://localhost:8888?input=gelf":            `the input "gelf" is not known: want messages`,
		"tls://localhost:8888":                       "no certificate; want for example tls://",
		"tls://localhost:8888?key=x":                 "TLS wants a certificate",
		"tls://localhost:8888?cert=/nowhere":         "certificate: open /nowhere: no such file",
		"tls://localhost:8888?cert=x&tls=1.1":        "1.2 or 1.3",
		"unix://":                                    "there is no path",
		"unix://@":                                   "there is no path",
		"unix:///a?mode=888":                         "permissions in octal",
		"unix://@a?mode=0600":                        `no parameter "mode"`,
		"unixgram:///a?framing=nul":                  `no parameter "framing"`,
		"unix:///%zz":                                "write %25",
		"unix:///" + strings.Repeat("x", 108):        "a socket's may have 107",
		"systemd:":                                   "there is no name",
		"systemd:a?mode=0600":                        `no parameter "mode"`,
	} {
		_, err := New(Config{Output: nowhere{}, Listen: []string{url}})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "sigio: cannot listen on ") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// An address that is named twice is told as such, not as one that somebody else has. Where the
// kernel chooses the port there are two.
func TestListenTwice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		first, second string
		wrong         bool
	}{
		{"udp://localhost:8888", "udp://localhost:8888", true},
		{"tcp://localhost:8888?framing=nul", "tcp://localhost:8888", true},
		{"unix:///tmp/a", "unix:///tmp/a?mode=0600", true},
		{"systemd:a", "systemd:a?input=syslog", true},
		{"udp://localhost:8888", "tcp://localhost:8888", false},
		{"udp://localhost:8888", "udp://localhost:8889", false},
		{"udp://127.0.0.1:8888", "udp://127.0.0.2:8888", false},
		{"tcp://localhost:0", "tcp://localhost:0", false},
		{"unix:///tmp/a", "unixgram:///tmp/a", false},
		{"unix:///tmp/a", "unix:///tmp/b", false},
		{"systemd:a", "systemd:b", false},
	} {
		_, err := New(Config{Output: nowhere{}, Listen: []string{c.first, c.second}})
		if wrong := err != nil && strings.HasSuffix(err.Error(), "twice"); wrong != c.wrong || err != nil && !wrong {
			t.Errorf("%s, %s: %v", c.first, c.second, err)
		}
	}
}

func TestWrongConfigs(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]Config{
		"set Config.Output": {},
		"-1 workers":        {Output: nowhere{}, Workers: -1},
		"-1 bytes in a message: want 1 to 268435456, or 0 for the default": {Output: nowhere{}, MaxMessage: -1},
		"bytes in a message":                  {Output: nowhere{}, MaxMessage: 1 << 30},
		"-1 messages in a second":             {Output: nowhere{}, RateLimit: -1},
		"1s until a peer is dead":             {Output: nowhere{}, DeadPeerTimeout: time.Second},
		"unknown framing Framing(77)":         {Output: nowhere{}, Framing: 77},
		`the input "gelf" is not known`:       {Output: nowhere{}, Input: "gelf"},
		"want Loop or Goroutine":              {Output: nowhere{}, PerConnection: 7},
		"-2147483648 bytes of receive buffer": {Output: nowhere{}, ReceiveBuffer: math.MinInt32},
	} {
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c, err := Config{Output: nowhere{}, IdleTimeout: -1}.complete()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(c.Listen, " ") != "udp://localhost:8888 tcp://localhost:8888" || c.Workers != 1 || c.MaxMessage != 64<<10 ||
		c.FirstByteTimeout != DefaultFirstByteTimeout || c.IdleTimeout != 0 || c.Backlog != 4096 || c.ReceiveBuffer != 4<<20 {
		t.Errorf("%+v", c)
	}
}

func TestModes(t *testing.T) {
	t.Parallel()
	for _, mode := range []Mode{Loop, Goroutine} {
		got := Mode(9)
		flags := flag.NewFlagSet("", flag.ContinueOnError)
		flags.TextVar(&got, "per-connection", Loop, "")
		if err := flags.Parse([]string{"-per-connection", mode.String()}); err != nil || got != mode {
			t.Errorf("%v: %v, %v", mode, got, err)
		}
	}
	var mode Mode
	if err := mode.UnmarshalText([]byte("thread")); err == nil || !strings.Contains(err.Error(), "want loop or goroutine") {
		t.Error(err)
	}
}

// The command and its users rely on the names.
func TestStatsAsJSON(t *testing.T) {
	t.Parallel()
	s := Stats{Counts: newCounts(), Listeners: []ListenerStats{{Address: "udp://127.0.0.1:1", Counts: newCounts()}}}
	a := newAccount(-1)
	a.take()
	a.Delivered(1)
	a.reject(CauseEmpty)
	a.event(3)
	a.addTo(&s.Counts)
	got, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"received":2,"delivered":1,"rejected":{"empty":1},"pending":0,"kernel_drops":0,` +
		`"signals":{"received":3,"merged":2,"stale":0,"foreign":0,"overflows":0,"sweeps":0},` +
		`"connections":{"accepted":0,"open":0,"closed":{},"accept_failures":0},` +
		`"listeners":[{"address":"udp://127.0.0.1:1","received":0,"delivered":0,"rejected":{},"pending":0,"kernel_drops":0,` +
		`"signals":{"received":0,"merged":0,"stale":0,"foreign":0,"overflows":0,"sweeps":0},` +
		`"connections":{"accepted":0,"open":0,"closed":{},"accept_failures":0}}]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// The kernel's counter of drops has 32 bits.
func TestDropCounterWraps(t *testing.T) {
	t.Parallel()
	a := newAccount(-1)
	var total uint64
	for _, step := range []uint32{0, 1, math.MaxUint32, 7, 1 << 31, 1 << 31} {
		total += uint64(step)
		a.count(a.lastDrops + step)
		if a.drops != total {
			t.Fatalf("%d instead of %d", a.drops, total)
		}
	}
}

// A machine without IPv6 says so in either of two ways.
func TestMissingAddresses(t *testing.T) {
	t.Parallel()
	for _, err := range []error{syscall.EADDRNOTAVAIL, syscall.EAFNOSUPPORT} {
		if !missing(err) {
			t.Error(err)
		}
	}
	if missing(syscall.EADDRINUSE) || missing(errors.ErrUnsupported) {
		t.Error("an address that is in use is not missing")
	}
}
