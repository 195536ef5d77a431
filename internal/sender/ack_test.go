package sender_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sender"
)

// acker is a receiver that acknowledges as a script says: each connection is served by the next function.
func acker(t *testing.T, serve ...func(in *bufio.Scanner, out net.Conn)) sender.Target {
	t.Helper()
	return ackerAt(t, must(net.Listen("tcp", "127.0.0.1:0")), serve...)
}

func ackerAt(t *testing.T, l net.Listener, serve ...func(in *bufio.Scanner, out net.Conn)) sender.Target {
	t.Helper()
	var serving sync.WaitGroup
	serving.Go(func() {
		for _, f := range serve {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.SetDeadline(time.Now().Add(fatal))
			in := bufio.NewScanner(c)
			if !in.Scan() || in.Text() != "SIGIO ACK 1" {
				t.Errorf("the connection begins with %q", in.Text())
			}
			f(in, c)
			c.Close()
		}
	})
	t.Cleanup(func() { l.Close(); serving.Wait() })
	return sender.Target{Network: l.Addr().Network(), Address: l.Addr().String()}
}

// ids reads n messages and returns their send_ids.
func ids(t *testing.T, in *bufio.Scanner, n int) (list []string) {
	t.Helper()
	for range n {
		var m struct {
			ID string `json:"send_id"`
		}
		if !in.Scan() || json.Unmarshal(in.Bytes(), &m) != nil || m.ID == "" {
			t.Errorf("%q is no message with an id", in.Text())
		}
		list = append(list, m.ID)
	}
	return list
}

func runAcked(t *testing.T, cfg sender.Config) (sender.Result, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), fatal)
	defer cancel()
	cfg.Ack, cfg.User = true, "u"
	return sender.Run(ctx, cfg)
}

// TestAckResends loses two connections: what was not acknowledged comes again, in order and with
// the same ids.
func TestAckResends(t *testing.T) {
	var first, second, third []string
	target := acker(t,
		func(in *bufio.Scanner, out net.Conn) {
			fmt.Fprint(out, "ack 0\n")
			first = ids(t, in, 10)
			fmt.Fprint(out, "ack 3\n")
		},
		func(in *bufio.Scanner, out net.Conn) {
			fmt.Fprint(out, "ack 0\n")
			second = ids(t, in, 7)
			fmt.Fprint(out, "ack 2\nlost output closed\n")
			in.Scan() // until the sender ends it
		},
		func(in *bufio.Scanner, out net.Conn) {
			fmt.Fprint(out, "ack 0\n")
			third = ids(t, in, 5)
			fmt.Fprint(out, "ack 5\n")
			in.Scan()
		})
	r, err := runAcked(t, sender.Config{Target: target, Text: "x", Count: 10})
	if err != nil || r.Sent != 10 || r.Failed != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if a, b := fmt.Sprint(first[3:]), fmt.Sprint(second); a != b {
		t.Errorf("after ack 3: %s, want %s", b, a)
	}
	if a, b := fmt.Sprint(second[2:]), fmt.Sprint(third); a != b {
		t.Errorf("after ack 2: %s, want %s", b, a)
	}
}

func TestAckOfRejectedFails(t *testing.T) {
	target := acker(t, func(in *bufio.Scanner, out net.Conn) {
		fmt.Fprint(out, "ack 0\n")
		ids(t, in, 3)
		fmt.Fprint(out, "ack 1\nreject 2 oversize\nack 3\n")
		in.Scan()
	})
	r, err := runAcked(t, sender.Config{Target: target, Text: "x", Count: 3})
	if err != nil || r.Sent != 2 || r.Failed != 1 || !strings.Contains(r.First.Error(), "oversize") {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestAckTimesOut has a receiver that says nothing, as one that does not know the request.
func TestAckTimesOut(t *testing.T) {
	silent := func(in *bufio.Scanner, out net.Conn) { in.Scan() }
	target := acker(t, silent, silent, silent)
	r, err := runAcked(t, sender.Config{Target: target, Text: "x", Count: 3, Timeout: 100 * time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "does not acknowledge") || r.Sent != 0 || r.Failed == 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestAckNotOfDatagrams(t *testing.T) {
	for target, want := range map[sender.Target]string{
		{Network: "udp", Address: "127.0.0.1:9"}: "send to tcp://127.0.0.1:9",
		{Network: "unixgram", Address: "/run/x"}: "send to unix:///run/x",
	} {
		_, err := runAcked(t, sender.Config{Target: target, Text: "x"})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Error(err)
		}
	}
}

func TestAckManyLines(t *testing.T) {
	const total = 30000
	target := acker(t, func(in *bufio.Scanner, out net.Conn) {
		fmt.Fprint(out, "ack 0\n")
		for n := 1; n <= total && in.Scan(); n++ {
			if n%1000 == 0 {
				fmt.Fprintf(out, "ack %d\n", n)
			}
		}
		in.Scan()
	})
	r, err := runAcked(t, sender.Config{Target: target, Lines: strings.NewReader(strings.Repeat("line\n", total))})
	if err != nil || r.Sent != total || r.Failed != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}
