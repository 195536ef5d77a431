package receiver_test

import (
	"net"
	"strings"
	"testing"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/receiver"
)

// Message n is cut behind its n-th byte, all of them at the same time.
func TestMessagesCutAtEveryByte(t *testing.T) {
	n := 1000
	if testing.Short() {
		n = 200
	}
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		r := start(t, s, c)
		conns := make([]net.Conn, n)
		cut := func(i int) int { return 1 + i%(len(numbered(0, i))-1) }
		for i := range conns {
			conns[i] = dial(t, r, "tcp")
			send(t, conns[i], numbered(0, i)[:cut(i)])
		}
		// Every first part has been read, so that the second one comes by itself.
		awaitStats(t, r, "all connections", func(s receiver.Stats) bool { return s.Connections.Open == uint64(n) })
		awaitRead(t, conns[0])
		if s.count() > 0 {
			t.Fatal("half a message was taken for one")
		}
		for i, conn := range conns {
			send(t, conn, numbered(0, i)[cut(i):])
			conn.Close()
		}
		awaitCount(t, s, n)
		s.exactly(t, labels(1, n))
	})
}

func TestManyMessagesInOneSegment(t *testing.T) {
	for name, separator := range map[string]string{"nothing between them": "", "newlines": "\n", "CR LF": "\r\n"} {
		t.Run(name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, c receiver.Config) {
				s := newSink()
				r := start(t, s, c)
				var all strings.Builder
				for i := range 10 {
					all.WriteString(numbered(0, i) + separator)
				}
				conn := dial(t, r, "tcp")
				send(t, conn, all.String())
				awaitCount(t, s, 10)
				s.exactly(t, labels(1, 10))
			})
		})
	}
}

func TestOneMessageInTenSegments(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		r := start(t, s, c)
		conn := dial(t, r, "tcp")
		text := numbered(0, 0)
		size := (len(text) + 9) / 10
		for len(text) > 0 {
			n := min(size, len(text))
			send(t, conn, text[:n])
			awaitRead(t, conn)
			text = text[n:]
		}
		awaitCount(t, s, 1)
		s.exactly(t, labels(1, 1))
	})
}

// What is left at the end of a connection is a message, whatever it is.
func TestRestOfAConnectionIsAMessage(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		r := start(t, s, c)
		sendAll(t, r, "no newline")
		sendAll(t, r, "one line\nand a rest")
		sendAll(t, r, `{"send_user":"cut`)
		sendAll(t, r, "")
		sendAll(t, r, " \n\n")
		awaitCount(t, s, 4)
		s.exactly(t, map[string]bool{"no newline": true, "one line": true, "and a rest": true, `{"send_user":"cut`: true})
		awaitStats(t, r, "the end of the connections", func(s receiver.Stats) bool { return s.Connections.Closed[receiver.EndPeer] == 5 })
	})
}

// A message that comes in many pieces grows in memory of its own, which must not
// be mixed up with that of others.
func TestLongMessagesInSmallPieces(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		r := start(t, s, c)
		sizes := []int{10, 65_000, 4096, 20_000, 4097, 2, 65_536, 30_000}
		text := func(sender, size int) string {
			return strings.Repeat(string(rune('a'+sender)), size)
		}
		burst(t, 4, func(sender int) error {
			conn, err := net.Dial("tcp", addresses(r, "tcp")[0])
			if err != nil {
				return err
			}
			defer conn.Close()
			for _, size := range sizes {
				rest := text(sender, size) + "\n"
				for len(rest) > 0 {
					n := min(1448, len(rest))
					if _, err := conn.Write([]byte(rest[:n])); err != nil {
						return err
					}
					rest = rest[n:]
				}
			}
			return nil
		})
		want := map[string]bool{}
		for sender := range 4 {
			for _, size := range sizes {
				want[text(sender, size)] = true
			}
		}
		awaitCount(t, s, 32)
		s.exactly(t, want)
	})
}

// After a reset, what was complete is delivered, and what was not is counted.
func TestResetInTheMiddleOfAMessage(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		r := start(t, s, c)
		conn := dial(t, r, "tcp")
		send(t, conn, "complete\nnot compl")
		awaitCount(t, s, 1)
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
		stats := awaitStats(t, r, "the reset", func(s receiver.Stats) bool { return s.Connections.Closed[receiver.EndReset] == 1 })
		if stats.Received != 2 || stats.Rejected[receiver.CauseReset] != 1 {
			t.Errorf("%+v", stats.Counts)
		}
		s.exactly(t, map[string]bool{"complete": true})
	})
}

// Where frames are counted, nothing is known behind a count that is none.
func TestBrokenCountEndsTheConnection(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		r := start(t, s, c)
		conn := dial(t, r, "tcp")
		send(t, conn, `5 <abc>5 <def>x <ghi>`)
		stats := awaitStats(t, r, "the end", func(s receiver.Stats) bool { return s.Connections.Closed[receiver.EndFraming] == 1 })
		if stats.Received != 3 || stats.Rejected[receiver.CauseFraming] != 1 {
			t.Errorf("%+v", stats.Counts)
		}
		if _, err := conn.Read(make([]byte, 1)); err == nil {
			t.Error("the connection is open")
		}
	})
}

func TestTransportPeerAndTime(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		r := start(t, s, c)
		for i, network := range []string{"udp", "tcp"} {
			conn := dial(t, r, network)
			send(t, conn, "hello\n")
			awaitCount(t, s, i+1)
			m := s.lastMessage()
			if m.Transport != network || m.Peer.String() != conn.LocalAddr().String() || m.ReceivedAt.IsZero() || !m.Raw {
				t.Errorf("%s from %v: %+v", network, conn.LocalAddr(), m)
			}
		}
	})
}

// awaitRead waits until all has been read that was sent to where conn is connected.
func awaitRead(t testing.TB, conn net.Conn) {
	t.Helper()
	port := conn.RemoteAddr().(*net.TCPAddr).Port
	sigtest.Until(t, "the receiver to read", func() bool {
		bytes, conns := unread(t, port)
		return bytes == 0 && conns > 0
	})
}
