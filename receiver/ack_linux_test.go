package receiver_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/receiver"
)

// acked is a connection that has asked for acknowledgements.
type acked struct {
	net.Conn
	lines *bufio.Scanner
}

func ask(t *testing.T, r *receiver.Receiver) acked {
	t.Helper()
	c := dial(t, r, "tcp")
	send(t, c, receiver.AckRequest)
	a := acked{c, bufio.NewScanner(c)}
	a.expect(t, "ack 0")
	return a
}

func (a acked) next(t *testing.T) string {
	t.Helper()
	a.SetReadDeadline(time.Now().Add(sigtest.Fatal))
	if !a.lines.Scan() {
		t.Fatal("no acknowledgement:", a.lines.Err())
	}
	return a.lines.Text()
}

func (a acked) expect(t *testing.T, want string) {
	t.Helper()
	if got := a.next(t); got != want {
		t.Fatalf("%q, want %q", got, want)
	}
}

// reach reads acknowledgements up to that of message n.
func (a acked) reach(t *testing.T, n int) {
	t.Helper()
	for {
		var got int
		line := a.next(t)
		if _, err := fmt.Sscanf(line, "ack %d", &got); err != nil || got > n {
			t.Fatalf("%q, want up to ack %d", line, n)
		}
		if got == n {
			return
		}
	}
}

func TestAcksAreCumulative(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		a := ask(t, start(t, s, c))
		for n := range 100 {
			send(t, a, numbered(0, n))
		}
		a.reach(t, 100)
		send(t, a, numbered(0, 100))
		a.reach(t, 101)
		s.exactly(t, labels(1, 101))
	})
}

func TestAckWaitsForOutcome(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		s.holdBack = true
		r := start(t, s, c)
		a := ask(t, r)
		send(t, a, numbered(0, 0)+numbered(0, 1)+numbered(0, 2))
		awaitCount(t, s, 3)
		// The outcomes of one run in any order: nothing is acknowledged before all are known.
		s.mu.Lock()
		s.held[0], s.held[2] = s.held[2], s.held[0]
		s.mu.Unlock()
		s.settle(2, "")
		s.settle(1, "")
		a.expect(t, "ack 3")
	})
}

func TestAckOfRejected(t *testing.T) {
	s := newSink()
	a := ask(t, start(t, s, receiver.Config{MaxMessage: 100}))
	send(t, a, "one\n"+strings.Repeat("x", 200)+"\nthree\n")
	for _, line := range []string{"reject 2 oversize", "ack 3"} {
		got := a.next(t)
		for got == "ack 1" || got == "ack 2" {
			got = a.next(t)
		}
		if got != line {
			t.Fatalf("%q, want %q", got, line)
		}
	}
}

func TestLostIsNotAcked(t *testing.T) {
	s := newSink()
	s.holdBack = true
	r := start(t, s, receiver.Config{})
	a := ask(t, r)
	send(t, a, "one\n")
	awaitCount(t, s, 1)
	s.settle(1, "")
	a.expect(t, "ack 1")
	send(t, a, "two\nthree\n")
	awaitCount(t, s, 3)
	s.settle(1, "nowhere to go")
	s.settle(1, "")
	a.expect(t, "lost nowhere to go")
	a.CloseWrite(t)
	if a.lines.Scan() {
		t.Errorf("%q after a loss", a.lines.Text())
	}
}

func (a acked) CloseWrite(t *testing.T) {
	t.Helper()
	if err := a.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	a.SetReadDeadline(time.Now().Add(sigtest.Fatal))
}

// TestAckRequestInPieces sends the line byte by byte, and lines that only begin like it.
func TestAckRequestInPieces(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		r := start(t, s, c)
		a := acked{Conn: dial(t, r, "tcp")}
		a.lines = bufio.NewScanner(a)
		for _, b := range []byte(receiver.AckRequest + "first\n") {
			send(t, a, string(b))
		}
		a.expect(t, "ack 0")
		a.expect(t, "ack 1")
		sendAll(t, r, "SIGIO A")
		sendAll(t, r, "SIGIO ACK 2\n")
		sendAll(t, r, "x\n"+receiver.AckRequest)
		awaitCount(t, s, 5)
		s.exactly(t, map[string]bool{"first": true, "SIGIO A": true, "SIGIO ACK 2": true, "x": true, "SIGIO ACK 1": true})
	})
}

// TestAckAfterEnd tells outcomes of a connection that is gone.
func TestAckAfterEnd(t *testing.T) {
	s := newSink()
	s.holdBack = true
	r := start(t, s, receiver.Config{})
	a := ask(t, r)
	send(t, a, "one\ntwo\n")
	awaitCount(t, s, 2)
	a.Close()
	awaitStats(t, r, "the end of the connection", func(s receiver.Stats) bool { return s.Connections.Open == 0 })
	s.settle(2, "")
	awaitStats(t, r, "both to be delivered", func(s receiver.Stats) bool { return s.Delivered == 2 })
}

// later is an Output that tells outcomes on a goroutine of its own, at once.
type later chan receiver.Receipt

func (l later) Append(_ *message.Message, r receiver.Receipt) bool {
	l <- r
	return true
}

func (l later) Room(f func()) { f() }

// TestEveryMessageIsAcked tells outcomes while messages come: none is forgotten in between.
func TestEveryMessageIsAcked(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		l := make(later, 1000)
		var telling sync.WaitGroup
		telling.Go(func() {
			for r := range l {
				r.Delivered(1)
			}
		})
		c.Output = l
		r := start(t, nil, c)
		a := ask(t, r)
		const total = 100000
		go func() {
			for range total / 100 {
				a.Write([]byte(strings.Repeat("x\n", 100)))
			}
		}()
		a.reach(t, total)
		a.Close()
		stop(t, r)
		close(l)
		telling.Wait()
	})
}
