package sender_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/seed-067c1534/sigio/internal/sender"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fatal is absurdly long: it only ends a test that hangs.
const fatal = 60 * time.Second

// wire is a message as the first clients sent it.
type wire struct {
	User string `json:"send_user"`
	Time string `json:"send_time"`
	Text string `json:"send_msg"`
}

func decode(t *testing.T, b []byte) wire {
	t.Helper()
	var w wire
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		t.Fatalf("%q: %v", b, err)
	}
	if sent, err := time.ParseInLocation("2006-01-02 15:04:05", w.Time, time.Local); err != nil || time.Since(sent) > time.Minute {
		t.Fatalf("send_time %q: %v", w.Time, err)
	}
	return w
}

// udp listens and hands out each datagram.
func udp(t *testing.T) (sender.Target, func() []byte) {
	t.Helper()
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetReadBuffer(1 << 20)
	buf := make([]byte, 1<<16)
	return sender.Target{Network: "udp", Address: c.LocalAddr().String()}, func() []byte {
		t.Helper()
		c.SetReadDeadline(time.Now().Add(fatal))
		n, err := c.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		return buf[:n]
	}
}

// tcp listens and hands out all that comes over each connection.
func tcp(t *testing.T) (sender.Target, <-chan []byte) {
	t.Helper()
	return streamsAt(t, must(net.Listen("tcp", "127.0.0.1:0")))
}

func streamsAt(t *testing.T, l net.Listener) (sender.Target, <-chan []byte) {
	t.Helper()
	streams := make(chan []byte, 1000)
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				defer c.Close()
				b, _ := io.ReadAll(c)
				streams <- b
			})
		}
	})
	t.Cleanup(func() { l.Close(); conns.Wait() })
	return sender.Target{Network: l.Addr().Network(), Address: l.Addr().String()}, streams
}

// closedPort returns an address on which nobody listens.
func closedPort(t *testing.T, network string) sender.Target {
	t.Helper()
	var addr string
	switch network {
	case "udp":
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addr = c.LocalAddr().String()
		c.Close()
	case "tcp":
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addr = l.Addr().String()
		l.Close()
	}
	return sender.Target{Network: network, Address: addr}
}

// send runs with a time-out and fails the test unless so many were sent and failed.
func send(t *testing.T, cfg sender.Config, sent, failed int) sender.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), fatal)
	defer cancel()
	r, err := sender.Run(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if r.Sent != sent || r.Failed != failed {
		t.Fatalf("%+v, want %d sent, %d failed", r, sent, failed)
	}
	if (r.Err() == nil) != (failed == 0) {
		t.Fatalf("Err() = %v", r.Err())
	}
	return r
}

func TestOneDatagram(t *testing.T) {
	t.Parallel()
	to, next := udp(t)
	text := "Grüße <b>&\n\"x\" \x00"
	r := send(t, sender.Config{Target: to, User: "Ann", Text: text}, 1, 0)
	got := next()
	if w := decode(t, got); w.User != "Ann" || w.Text != text {
		t.Fatalf("%+v", w)
	}
	if int(r.Bytes) != len(got) || !strings.Contains(string(got), "<b>&") || strings.HasSuffix(string(got), "\n") {
		t.Fatalf("%d bytes counted, came %q", r.Bytes, got)
	}
}

// As the first client did: connect, send without newline, close.
func TestOneConnection(t *testing.T) {
	t.Parallel()
	to, streams := tcp(t)
	r := send(t, sender.Config{Target: to, User: "Ann", Text: "hello"}, 1, 0)
	got := <-streams
	if w := decode(t, got); w.User != "Ann" || w.Text != "hello" || got[len(got)-1] != '}' || int(r.Bytes) != len(got) {
		t.Fatalf("came %q, counted %d bytes", got, r.Bytes)
	}
}

// sequence marks the number in w and fails the test if it is there already.
func sequence(t *testing.T, seen map[int]bool, w wire, text string) {
	t.Helper()
	var n int
	if _, err := fmt.Sscanf(w.Text, "seq=%010d ", &n); err != nil || w.Text != fmt.Sprintf("seq=%010d %s", n, text) {
		t.Fatalf("%q: %v", w.Text, err)
	}
	if seen[n] {
		t.Fatalf("number %d twice", n)
	}
	seen[n] = true
}

func TestManyDatagrams(t *testing.T) {
	t.Parallel()
	to, next := udp(t)
	send(t, sender.Config{Target: to, Text: "x", Number: true, Count: 300, Connections: 3}, 300, 0)
	seen := make(map[int]bool)
	for range 300 {
		sequence(t, seen, decode(t, next()), "x")
	}
	for n := range 300 {
		if !seen[n] {
			t.Fatalf("number %d is missing", n)
		}
	}
}

func TestManyConnections(t *testing.T) {
	t.Parallel()
	to, streams := tcp(t)
	send(t, sender.Config{Target: to, Text: "x", Number: true, Count: 300, Connections: 4}, 300, 0)
	seen := make(map[int]bool)
	for range 300 {
		sequence(t, seen, decode(t, <-streams), "x")
	}
}

func TestKeepOpen(t *testing.T) {
	t.Parallel()
	to, streams := tcp(t)
	r := send(t, sender.Config{Target: to, Text: "x", Number: true, Count: 300, Connections: 4, KeepOpen: true}, 300, 0)
	seen, bytes := make(map[int]bool), 0
	for range 4 {
		b := <-streams
		bytes += len(b)
		if len(b) == 0 {
			continue
		}
		for l := range strings.Lines(string(b)) {
			if !strings.HasSuffix(l, "}\n") {
				t.Fatalf("line %q", l)
			}
			sequence(t, seen, decode(t, []byte(l)), "x")
		}
		if len(seen) == 300 { // a worker that came too late for a message never connects
			break
		}
	}
	if len(seen) != 300 || int(r.Bytes) != bytes {
		t.Fatalf("%d messages of %d bytes came, %d bytes were counted", len(seen), bytes, r.Bytes)
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	to, streams := tcp(t)
	in := "one\r\n\nthree\nwithout newline"
	send(t, sender.Config{Target: to, Lines: strings.NewReader(in), Number: true, KeepOpen: true, Count: 99}, 4, 0)
	var got []string
	s := bufio.NewScanner(strings.NewReader(string(<-streams)))
	for s.Scan() {
		got = append(got, decode(t, s.Bytes()).Text)
	}
	want := []string{"seq=0000000000 one", "seq=0000000001 ", "seq=0000000002 three", "seq=0000000003 without newline"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("got %q", got)
	}
}

func TestNoLines(t *testing.T) {
	t.Parallel()
	send(t, sender.Config{Target: closedPort(t, "tcp"), Lines: strings.NewReader("")}, 0, 0)
}

func TestLargestDatagram(t *testing.T) {
	t.Parallel()
	to, next := udp(t)
	empty, _ := json.Marshal(wire{Time: time.Now().Format(time.DateTime)})
	text := strings.Repeat("x", sender.MaxDatagram-len(empty))
	r := send(t, sender.Config{Target: to, Text: text}, 1, 0)
	if got := next(); len(got) != sender.MaxDatagram || r.Bytes != sender.MaxDatagram {
		t.Fatalf("%d bytes came, %d were counted", len(got), r.Bytes)
	}

	// One byte more: before anything is sent, or at its line.
	_, err := sender.Run(t.Context(), sender.Config{Target: to, Text: text + "x", Count: 10})
	for _, want := range []string{"message 1", "65508 bytes", "at most 65507", "tcp://" + to.Address} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Fatalf("%v does not say %q", err, want)
		}
	}
	in := "one\n" + text + "x\nthree\n"
	r, err = sender.Run(t.Context(), sender.Config{Target: to, Lines: strings.NewReader(in)})
	if err == nil || !strings.Contains(err.Error(), "message 2 has 65508 bytes") || r.Sent != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
}

func TestRate(t *testing.T) {
	t.Parallel()
	to, next := udp(t)
	r := send(t, sender.Config{Target: to, Count: 100, Rate: 1000, Connections: 2}, 100, 0)
	// 5 at once, the others a millisecond apart.
	if r.Duration < 90*time.Millisecond {
		t.Fatalf("100 messages at 1000/s took %v", r.Duration)
	}
	for range 100 {
		next()
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	to, streams := tcp(t)
	calls, last := 0, time.Duration(0)
	send(t, sender.Config{Target: to, Count: 100, Connections: 4, Progress: func(sent, failed int, elapsed time.Duration) {
		calls++
		if sent != calls || failed != 0 || elapsed < last {
			t.Errorf("call %d: %d sent, %d failed after %v", calls, sent, failed, elapsed)
		}
		last = elapsed
	}}, 100, 0)
	if calls != 100 {
		t.Fatalf("%d calls", calls)
	}
	for range 100 {
		<-streams
	}
}

func TestBadConfig(t *testing.T) {
	t.Parallel()
	to := sender.Target{Network: "udp", Address: "127.0.0.1:9"}
	for name, cfg := range map[string]sender.Config{
		"no target":   {},
		"raw IP":      {Target: sender.Target{Network: "ip", Address: "127.0.0.1"}},
		"count":       {Target: to, Count: -1},
		"connections": {Target: to, Connections: -1},
		"rate":        {Target: to, Rate: -1},
	} {
		if r, err := sender.Run(t.Context(), cfg); err == nil {
			t.Errorf("%s: no error, %+v", name, r)
		}
	}
}

func TestErrOfOne(t *testing.T) {
	t.Parallel()
	r := send(t, sender.Config{Target: closedPort(t, "tcp")}, 0, 1)
	if !strings.HasPrefix(r.Err().Error(), "sigio: the message was not sent: ") {
		t.Fatal(r.Err())
	}
}

func BenchmarkDatagrams(b *testing.B) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	to := sender.Target{Network: "udp", Address: c.LocalAddr().String()}
	b.ReportAllocs()
	if _, err := sender.Run(b.Context(), sender.Config{Target: to, Text: "x", Number: true, Count: b.N}); err != nil {
		b.Fatal(err)
	}
}
