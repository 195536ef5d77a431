package receiver_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/receiver"
)

func TestMain(m *testing.M) {
	sigtest.AtATime(8)
	sigtest.Main(m, helpers)
}

// helpers run in processes of their own.
var helpers = map[string]sigtest.Helper{}

// sink is an Output that remembers every message. It can be shut, as a full output
// is, and can hold back the outcomes.
type sink struct {
	entered atomic.Int64 // calls of Append that have begun

	mu     sync.Mutex
	texts  map[string]int
	last   message.Message // without its memory
	n      int
	room   int // messages that are taken before it is full; negative: any number
	rooms  []func()
	refuse int // how often it was full

	holdBack bool // the receipts
	held     []receiver.Receipt
	keep     bool // the texts in log
	log      []string
}

func newSink() *sink { return &sink{texts: map[string]int{}, room: -1} }

func (s *sink) Append(m *message.Message, r receiver.Receipt) bool {
	s.entered.Add(1)
	s.mu.Lock()
	if string(m.Text) == holdUp {
		s.mu.Unlock()
		r.Delivered(1)
		return true
	}
	if s.room == 0 {
		s.refuse++
		s.mu.Unlock()
		return false
	}
	s.room--
	s.texts[string(m.Text)]++
	s.n++
	s.last = message.Message{Text: []byte(string(m.Text)), User: []byte(string(m.User)), Raw: m.Raw, InvalidUTF8: m.InvalidUTF8,
		Transport: m.Transport, Peer: m.Peer, ReceivedAt: m.ReceivedAt}
	if s.keep {
		s.log = append(s.log, string(m.Text))
	}
	if s.holdBack {
		s.held = append(s.held, r)
		s.mu.Unlock()
		return true
	}
	s.mu.Unlock()
	r.Delivered(1)
	return true
}

const holdUp = "hold up"

// holdUp keeps the loop of a receiver with one worker in Append until s.mu is
// unlocked.
func (s *sink) holdUp(t testing.TB, r *receiver.Receiver) {
	t.Helper()
	s.mu.Lock()
	before := s.entered.Load()
	send(t, dial(t, r, "udp"), holdUp)
	sigtest.Until(t, "the loop to wait", func() bool { return s.entered.Load() > before })
}

func (s *sink) Room(f func()) {
	s.mu.Lock()
	if s.room == 0 {
		s.rooms = append(s.rooms, f)
		f = nil
	}
	s.mu.Unlock()
	if f != nil {
		f()
	}
}

// open makes room for n messages; negative: for all.
func (s *sink) open(n int) {
	s.mu.Lock()
	s.room = n
	rooms := s.rooms
	s.rooms = nil
	s.mu.Unlock()
	for _, f := range rooms {
		f()
	}
}

// settle tells n of the outcomes that were held back: lost, if there is a cause.
func (s *sink) settle(n int, cause string) {
	s.mu.Lock()
	held := s.held[:n]
	s.held = s.held[n:]
	s.mu.Unlock()
	for _, r := range held {
		if cause == "" {
			r.Delivered(1)
		} else {
			r.Lost(1, cause)
		}
	}
}

func (s *sink) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

func (s *sink) refused() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refuse
}

func (s *sink) has(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.texts[text] > 0
}

func (s *sink) lastMessage() message.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// exactly checks that each of the texts came once and nothing else did.
func (s *sink) exactly(t testing.TB, want map[string]bool) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	missing, wrong := 0, 0
	for text := range want {
		if s.texts[text] == 0 {
			missing++
		}
	}
	for text, n := range s.texts {
		if n != 1 || !want[text] {
			if wrong++; wrong < 5 {
				t.Errorf("%d times %q (wanted: %v)", n, text, want[text])
			}
		}
	}
	if missing > 0 || wrong > 0 {
		t.Errorf("of %d messages %d are missing, %d are wrong", len(want), missing, wrong)
	}
}

// start starts a receiver that listens on chosen ports, and ends it with the test,
// checking its account.
func start(t testing.TB, s *sink, c receiver.Config) *receiver.Receiver {
	t.Helper()
	if c.Output == nil {
		c.Output = s
	}
	if c.Listen == nil {
		c.Listen = []string{"udp://localhost:0", "tcp://localhost:0"}
	}
	r, err := receiver.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, r) })
	return r
}

// stop drains r and checks the final account.
func stop(t testing.TB, r *receiver.Receiver) receiver.Stats {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), sigtest.Fatal)
	defer cancel()
	if err := r.Shutdown(ctx); err != nil {
		t.Error("shut down:", err)
	}
	s := r.Stats()
	balance(t, s)
	if s.Pending != 0 || s.Connections.Open != 0 {
		t.Errorf("at the end %d messages are pending, %d connections open", s.Pending, s.Connections.Open)
	}
	return s
}

// balance checks that s adds up.
func balance(t testing.TB, s receiver.Stats) {
	t.Helper()
	sum := func(m map[string]uint64) (n uint64) {
		for _, v := range m {
			n += v
		}
		return n
	}
	check := func(name string, c receiver.Counts) {
		if c.Received != c.Delivered+sum(c.Rejected) {
			t.Errorf("%s: received %d = delivered %d + rejected %v: no", name, c.Received, c.Delivered, c.Rejected)
		}
		if c.Connections.Accepted != c.Connections.Open+sum(c.Connections.Closed) {
			t.Errorf("%s: accepted %d = open %d + closed %v: no", name, c.Connections.Accepted, c.Connections.Open, c.Connections.Closed)
		}
	}
	check("total", s.Counts)
	var received, delivered, drops uint64
	for _, l := range s.Listeners {
		check(l.Address, l.Counts)
		received += l.Received
		delivered += l.Delivered
		drops += l.KernelDrops
	}
	if received != s.Received || delivered != s.Delivered || drops != s.KernelDrops {
		t.Errorf("the listeners have %d, %d, %d, the total has %d, %d, %d", received, delivered, drops, s.Received, s.Delivered, s.KernelDrops)
	}
}

// addresses returns the addresses of r for a network, as package net wants them.
func addresses(r *receiver.Receiver, network string) (found []string) {
	for _, l := range r.Stats().Listeners {
		if host, ok := strings.CutPrefix(l.Address, network+"://"); ok {
			found = append(found, host)
		}
	}
	return found
}

// dial connects to r's first address for a network.
func dial(t testing.TB, r *receiver.Receiver, network string) net.Conn {
	t.Helper()
	conn, err := net.DialTimeout(network, addresses(r, network)[0], sigtest.Fatal)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func send(t testing.TB, conn net.Conn, text string) {
	t.Helper()
	conn.SetWriteDeadline(time.Now().Add(sigtest.Fatal))
	if _, err := conn.Write([]byte(text)); err != nil {
		t.Fatal("send:", err)
	}
}

// sendAll makes a connection for text alone.
func sendAll(t testing.TB, r *receiver.Receiver, text string) {
	t.Helper()
	conn := dial(t, r, "tcp")
	send(t, conn, text)
	conn.Close()
}

// awaitCount waits until n messages have come.
func awaitCount(t testing.TB, s *sink, n int) {
	t.Helper()
	sigtest.Until(t, fmt.Sprintf("%d messages, of which %d have come", n, s.count()), func() bool { return s.count() >= n })
}

// awaitStats waits until the account satisfies a condition.
func awaitStats(t testing.TB, r *receiver.Receiver, what string, condition func(receiver.Stats) bool) receiver.Stats {
	t.Helper()
	var s receiver.Stats
	sigtest.Until(t, what, func() bool {
		s = r.Stats()
		balance(t, s)
		return condition(s)
	})
	return s
}

// eachWay runs a test in every per-connection mode, with 1 and 2 workers.
func eachWay(t *testing.T, test func(t *testing.T, c receiver.Config)) {
	for _, mode := range []receiver.Mode{receiver.Loop, receiver.Goroutine} {
		for _, workers := range []int{1, 2} {
			t.Run(fmt.Sprintf("%v,workers=%d", mode, workers), func(t *testing.T) {
				test(t, receiver.Config{PerConnection: mode, Workers: workers})
			})
		}
	}
}

// eachWayTogether is eachWay for a test that waits for times to pass: all ways at once.
func eachWayTogether(t *testing.T, test func(t *testing.T, c receiver.Config)) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		t.Parallel()
		test(t, c)
	})
}

func numbered(sender, n int) string {
	return fmt.Sprintf(`{"send_user":"user%d","send_time":"2026-11-22 21:14:00","send_msg":"%s"}`, sender, label(sender, n))
}

func label(sender, n int) string { return fmt.Sprintf("sender %d message %d", sender, n) }

func labels(senders, each int) map[string]bool {
	want := map[string]bool{}
	for i := range senders {
		for n := range each {
			want[label(i, n)] = true
		}
	}
	return want
}
