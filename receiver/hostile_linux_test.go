package receiver_test

import (
	"bytes"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/receiver"
)

// quick is within what time an honest client is to be served, whatever others do.
// It is 100 ms on a machine that does nothing else.
const quick = 4 * time.Second

var served atomic.Int64

// checkService sends a message by UDP and TCP and measures how long that takes.
func checkService(t testing.TB, r *receiver.Receiver, s *sink) {
	t.Helper()
	for _, network := range []string{"udp", "tcp"} {
		text := fmt.Sprintf("honest %s client %d", network, served.Add(1))
		begin := time.Now()
		conn, err := net.DialTimeout(network, addresses(r, network)[0], sigtest.Fatal)
		if err != nil {
			t.Fatal(err)
		}
		send(t, conn, text)
		conn.Close()
		sigtest.Until(t, text, func() bool { return s.has(text) })
		if d := time.Since(begin); d > quick {
			t.Errorf("an honest client was served after %v by %s", d, network)
		}
	}
}

func TestSilentClients(t *testing.T) {
	for _, n := range []int{1, 5000} {
		if n > 1 && testing.Short() {
			continue
		}
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			eachWay(t, func(t *testing.T, c receiver.Config) {
				s := newSink()
				r := start(t, s, c)
				for range n {
					dial(t, r, "tcp")
				}
				checkService(t, r, s)
				awaitStats(t, r, "all connections", func(s receiver.Stats) bool { return s.Connections.Open == uint64(n) })
				cpu := cpuTime(t)
				checkService(t, r, s)
				if used := cpuTime(t) - cpu; used > 200*time.Millisecond {
					t.Errorf("two messages beside %d silent connections took %v of processor time", n, used)
				}
			})
		})
	}
}

// Each client's time is over for a reason of its own, and the account names it.
func TestTimeouts(t *testing.T) {
	eachWayTogether(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		c.FirstByteTimeout = 1000 * time.Millisecond
		c.MessageTimeout = 1010 * time.Millisecond
		c.IdleTimeout = 1020 * time.Millisecond
		r := start(t, s, c)
		mute, idle, half := dial(t, r, "tcp"), dial(t, r, "tcp"), dial(t, r, "tcp")
		send(t, idle, "hello\n")
		send(t, half, "hell")
		for _, conn := range []net.Conn{mute, idle, half} {
			conn.SetReadDeadline(time.Now().Add(sigtest.Fatal))
			if _, err := conn.Read(make([]byte, 1)); err == nil || strings.Contains(err.Error(), "timeout") {
				t.Error("the connection was not ended:", err)
			}
		}
		stats := awaitStats(t, r, "the account", func(s receiver.Stats) bool { return s.Connections.Open == 0 })
		want := map[string]uint64{receiver.EndFirstByte: 1, receiver.EndIdle: 1, receiver.EndMessage: 1}
		if fmt.Sprint(stats.Connections.Closed) != fmt.Sprint(want) {
			t.Errorf("closed: %v", stats.Connections.Closed)
		}
		if stats.Received != 2 || stats.Rejected[receiver.CauseTimeout] != 1 {
			t.Errorf("%+v", stats.Counts)
		}
	})
}

// A time that is to come sooner than all others is not missed.
func TestShorterTimeoutAfterALongerOne(t *testing.T) {
	eachWayTogether(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		c.Workers = 1
		c.FirstByteTimeout = 500 * time.Millisecond
		c.IdleTimeout = time.Hour
		r := start(t, s, c)
		send(t, dial(t, r, "tcp"), "hello\n")
		awaitCount(t, s, 1)
		for n := range 3 {
			dial(t, r, "tcp")
			awaitStats(t, r, "the end of a silent connection", func(s receiver.Stats) bool {
				return s.Connections.Closed[receiver.EndFirstByte] == uint64(n+1)
			})
		}
	})
}

// A sender of one byte after the other holds its connection for as long as one
// message may take, and nobody else's.
func TestOneByteAtATime(t *testing.T) {
	eachWayTogether(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		c.MessageTimeout = time.Second
		c.IdleTimeout = time.Second
		r := start(t, s, c)
		conn := dial(t, r, "tcp")
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for tick := time.NewTicker(5 * time.Millisecond); ; <-tick.C {
				if _, err := conn.Write([]byte("x")); err != nil {
					return
				}
			}
		}()
		checkService(t, r, s)
		select {
		case <-ended:
		case <-time.After(sigtest.Fatal):
			t.Fatal("the message may take for ever")
		}
		awaitStats(t, r, "the account", func(s receiver.Stats) bool {
			return s.Rejected[receiver.CauseTimeout] == 1 && s.Connections.Closed[receiver.EndMessage] == 1
		})
	})
}

// One that goes on sending messages is never idle.
func TestSteadySenderIsNotTimedOut(t *testing.T) {
	eachWayTogether(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		c.FirstByteTimeout, c.MessageTimeout, c.IdleTimeout = time.Second, time.Second, time.Second
		r := start(t, s, c)
		conn := dial(t, r, "tcp")
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for range 150 {
			send(t, conn, "one\ntwo, ")
			<-tick.C
		}
		awaitCount(t, s, 150)
		if stats := r.Stats(); stats.Connections.Open != 1 || stats.Received != 150 {
			t.Errorf("%+v", stats.Counts)
		}
	})
}

func TestHugeMessageAndEndlessLine(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		r := start(t, s, c)
		huge, endless := dial(t, r, "tcp"), dial(t, r, "tcp")
		flooding := make(chan struct{})
		go func() {
			defer close(flooding)
			chunk := bytes.Repeat([]byte("x"), 64<<10)
			for range 1600 { // 100 MiB
				if _, err := endless.Write(chunk); err != nil {
					return
				}
			}
		}()
		send(t, huge, `{"send_user":"u","send_time":"t","send_msg":"`+strings.Repeat("x", 10<<20)+`"}`+numbered(0, 0))
		awaitCount(t, s, 1)
		checkService(t, r, s)
		<-flooding
		send(t, endless, "\n"+label(1, 1)+"\n")
		awaitCount(t, s, 4)
		if !s.has(label(0, 0)) || !s.has(label(1, 1)) {
			t.Error("the message behind a long one was lost")
		}
		stats := r.Stats()
		if stats.Rejected[receiver.CauseOversize] != 2 || stats.Received != 6 {
			t.Errorf("%+v", stats.Counts)
		}
	})
}

// The memory of messages that were begun and not ended is bounded in total.
func TestPartialMessagesHaveBoundedMemory(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		c.MaxPartial = 1 << 20
		r := start(t, s, c)
		before := heap()
		part := strings.Repeat("x", 60_000)
		const n = 400 // 24 MB
		for range n {
			send(t, dial(t, r, "tcp"), part)
		}
		stats := awaitStats(t, r, "the first to give way", func(s receiver.Stats) bool {
			return s.Connections.Accepted == n && s.Connections.Open <= 17 && s.Received == n-s.Connections.Open
		})
		if stats.Rejected[receiver.CauseMemory] != stats.Received || stats.Connections.Closed[receiver.EndMemory] != stats.Received {
			t.Errorf("%+v", stats.Counts)
		}
		if grown := heap() - before; grown > 8<<20 {
			t.Errorf("%d MiB of memory in use", grown>>20)
		}
		checkService(t, r, s)
	})
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse)
}

// Over the limit, who has said nothing gives way, the longest silent first. Who
// sends is served.
func TestConnectionLimit(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		c.MaxConnections = 10
		r := start(t, s, c)
		speaker := dial(t, r, "tcp")
		send(t, speaker, "before\n")
		awaitCount(t, s, 1)
		for range 100 {
			dial(t, r, "tcp")
		}
		awaitStats(t, r, "the first to give way", func(s receiver.Stats) bool {
			return s.Connections.Accepted == 101 && s.Connections.Open == 10 && s.Connections.Closed[receiver.EndLimit] == 91
		})
		checkService(t, r, s)
		send(t, speaker, "after\n")
		awaitCount(t, s, 4)
	})
}

// Who was silent until a moment ago, and whose message has not been read yet, does
// not lose it.
func TestMessageOfOneThatGivesWay(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		c.MaxConnections = 10
		c.Workers = 1
		r := start(t, s, c)
		var silent []net.Conn
		for n := range 10 {
			silent = append(silent, dial(t, r, "tcp"))
			awaitStats(t, r, "the connection", func(s receiver.Stats) bool { return s.Connections.Open == uint64(n+1) })
		}
		s.holdUp(t, r)
		for range 10 {
			dial(t, r, "tcp")
		}
		for i, conn := range silent {
			send(t, conn, label(0, i)+"\n")
		}
		s.mu.Unlock()
		awaitCount(t, s, 10)
		s.exactly(t, labels(1, 10))
		if c.PerConnection == receiver.Loop { // it has even saved them
			for i, conn := range silent {
				send(t, conn, label(1, i)+"\n")
			}
			awaitCount(t, s, 20)
		}
	})
}

// If nobody is silent, newcomers that do not send at once are turned away.
func TestConnectionLimitWithoutSilentOnes(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		c.MaxConnections = 10
		c.Workers = 1 // each worker gives way among its own
		r := start(t, s, c)
		speakers := make([]net.Conn, 10)
		for i := range speakers {
			speakers[i] = dial(t, r, "tcp")
			send(t, speakers[i], "hello\n")
		}
		awaitCount(t, s, 10)
		awaitStats(t, r, "them to be watched", func(s receiver.Stats) bool { return s.Connections.Open == 10 })
		late := dial(t, r, "tcp")
		late.SetReadDeadline(time.Now().Add(sigtest.Fatal))
		if n, err := late.Read(make([]byte, 1)); n > 0 || err == nil {
			t.Error("the newcomer was not turned away")
		}
		for _, conn := range speakers {
			send(t, conn, "still here\n")
		}
		awaitCount(t, s, 20)
		if stats := r.Stats(); stats.Connections.Closed[receiver.EndLimit] != 1 {
			t.Errorf("%+v", stats.Connections)
		}
	})
}

func TestStrangeBytes(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		r := start(t, s, c)
		for i, text := range []string{"\x00", "a\x00b", "\x1b[31mred\x1b[0m", "\x7f\u009b31m", "\u202egnp", "first\nsecond", "\"", "{", "[1,2", "123 "} {
			conn := dial(t, r, "udp")
			send(t, conn, text)
			awaitCount(t, s, i+1)
			if m := s.lastMessage(); string(m.Text) != text || !m.Raw {
				t.Errorf("sent %q, got %q, raw %v", text, m.Text, m.Raw)
			}
		}
		for i, network := range []string{"udp", "tcp"} {
			conn := dial(t, r, network)
			send(t, conn, "caf\xe9")
			conn.Close()
			awaitCount(t, s, 11+i)
			if m := s.lastMessage(); string(m.Text) != "caf\ufffd" || !m.InvalidUTF8 {
				t.Errorf("%s: got %q, invalid %v", network, m.Text, m.InvalidUTF8)
			}
		}
	})
}

func TestDatagramSizes(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		r := start(t, s, c)
		conn := dial(t, r, "udp")
		largest := strings.Repeat("0123456789", 6551)[:65_507]
		send(t, conn, largest)
		send(t, conn, "")
		send(t, conn, " \r\n")
		send(t, conn, "x")
		awaitStats(t, r, "four datagrams", func(s receiver.Stats) bool {
			return s.Received == 4 && s.Delivered == 2 && s.Rejected[receiver.CauseEmpty] == 2
		})
		s.exactly(t, map[string]bool{largest: true, "x": true})
	})
}

// The bound on a message holds for datagrams and streams: nothing is cut silently.
func TestMaxMessage(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		c.MaxMessage = 10
		r := start(t, s, c)
		for i, network := range []string{"udp", "tcp"} {
			for _, text := range []string{"0123456789", "0123456789a"} {
				conn := dial(t, r, network)
				send(t, conn, text)
				conn.Close()
			}
			awaitStats(t, r, "two messages", func(s receiver.Stats) bool {
				return s.Delivered == uint64(i+1) && s.Rejected[receiver.CauseOversize] == uint64(i+1)
			})
		}
	})
}

// Messages may be allowed to be longer than what is read at once.
func TestLargeMaxMessage(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		c.MaxMessage = 20 << 20
		r := start(t, s, c)
		conn := dial(t, r, "tcp")
		huge := strings.Repeat("x", 10<<20)
		send(t, conn, huge+"\nsmall\n")
		awaitCount(t, s, 2)
		s.exactly(t, map[string]bool{huge: true, "small": true})
	})
}
