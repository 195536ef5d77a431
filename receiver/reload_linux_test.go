package receiver_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/receiver"
)

// at returns the account of one address.
func at(t testing.TB, r *receiver.Receiver, address string) receiver.ListenerStats {
	t.Helper()
	for _, l := range r.Stats().Listeners {
		if l.Address == address {
			return l
		}
	}
	t.Fatalf("%s is not in the account", address)
	panic("")
}

// living returns the addresses of a network that are listened on.
func living(r *receiver.Receiver, network string) (found []string) {
	for _, l := range r.Stats().Listeners {
		if host, ok := strings.CutPrefix(l.Address, network+"://"); ok && !l.Gone {
			found = append(found, host)
		}
	}
	return found
}

func listen(t testing.TB, r *receiver.Receiver, urls ...string) receiver.Changes {
	t.Helper()
	change, err := r.Listen(urls)
	if err != nil {
		t.Fatal(err)
	}
	return change
}

// What stays keeps its socket and its connections; what goes is drained, with its
// connections, and stays in the account; what comes is open at once.
func TestListen(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		stays, goes, comes := "tcp://127.0.0.1:0", "tcp://127.0.0.2:0", "udp://127.0.0.3:0"
		gone := "udp://127.0.0.1:0"
		c.Listen = []string{stays, goes, gone}
		r := start(t, s, c)
		before := living(r, "tcp")
		kept, lost := dial(t, r, "tcp"), dialTo(t, before[1])
		send(t, kept, "one\n")
		send(t, lost, "two\nthree") // the rest is a message at its end
		send(t, dial(t, r, "udp"), "four")
		awaitCount(t, s, 3)
		awaitStats(t, r, "the connections", func(s receiver.Stats) bool { return s.Connections.Open == 2 })

		change := listen(t, r, comes, stays)
		if !slices.Equal(change.Opened, []string{comes}) || !slices.Equal(change.Kept, []string{stays}) || !slices.Equal(change.Closed, []string{goes, gone}) {
			t.Errorf("%+v", change)
		}
		if now := living(r, "tcp"); len(now) != 1 || now[0] != before[0] {
			t.Errorf("listening on %v, want %v alone", now, before[0])
		}
		send(t, kept, "five\n")
		send(t, dialUDP(t, living(r, "udp")[0]), "six")
		awaitCount(t, s, 6)
		s.exactly(t, map[string]bool{"one": true, "two": true, "three": true, "four": true, "five": true, "six": true})
		if n, err := lost.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the connection of an address that is gone: read %d, %v", n, err)
		}
		sigtest.Until(t, "the address to be closed", func() bool { return refused(before[1]) })
		gave := at(t, r, "tcp://"+before[1])
		if l := gave; !l.Gone || l.Delivered != 2 || l.Connections.Closed[receiver.EndShutdown] == 0 {
			t.Errorf("%+v", l)
		}
		if total := r.Stats(); total.Delivered != 6 || total.Connections.Open != 1 {
			t.Errorf("%+v", total.Counts)
		}

		// What was given up can be taken again, and goes on with its account.
		listen(t, r, stays, "tcp://"+before[1])
		send(t, dialTo(t, before[1]), "seven\n")
		awaitCount(t, s, 7)
		if l := at(t, r, "tcp://"+before[1]); l.Gone || l.Delivered != 3 || l.Connections.Accepted != gave.Connections.Accepted+1 {
			t.Errorf("%+v", l)
		}
	})
}

func refused(addr string) bool {
	conn, err := net.DialTimeout("tcp", addr, sigtest.Fatal)
	if err == nil {
		conn.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

func dialTo(t testing.TB, addr string) net.Conn {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, sigtest.Fatal)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(sigtest.Fatal))
	t.Cleanup(func() { conn.Close() })
	return conn
}

func dialUDP(t testing.TB, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// After an error everything is as it was.
func TestListenOnWhatCannotBe(t *testing.T) {
	s := newSink()
	r := start(t, s, receiver.Config{Listen: []string{"tcp://127.0.0.1:0"}})
	other := start(t, s, receiver.Config{Listen: []string{"tcp://127.0.0.1:0"}})
	taken := "tcp://" + living(other, "tcp")[0]
	conn := dial(t, r, "tcp")
	for _, c := range []struct {
		urls []string
		want error
		text string
	}{
		{[]string{"udp://127.0.0.1:0", "tpc://localhost:1"}, nil, `"tpc"`},
		{[]string{"udp://127.0.0.1:0", "tcp://127.0.0.1:0", taken}, syscall.EADDRINUSE, taken},
		{[]string{"udp://127.0.0.1:0", "tcp://" + living(r, "tcp")[0]}, syscall.EADDRINUSE, "in use"}, // of its own
		{[]string{"tcp://127.0.0.1:0", "tcp://127.0.0.1:0"}, nil, "twice"},
		{[]string{"tcp://127.0.0.1:9", "tcp://127.0.0.1:9?framing=nul"}, nil, "twice"},
	} {
		_, err := r.Listen(c.urls)
		if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%v: %v, want %v with %s", c.urls, err, c.want, c.text)
		}
	}
	send(t, conn, "still there\n")
	awaitCount(t, s, 1)
	if l := r.Stats().Listeners; len(l) != 1 || l[0].Gone {
		t.Errorf("%+v", l)
	}
	stop(t, r)
	if _, err := r.Listen([]string{"tcp://127.0.0.1:0"}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
	idle, err := receiver.New(receiver.Config{Output: s})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := idle.Listen(nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("before the start: %v", err)
	}
}

// While addresses come and go, nobody is refused or cut at one that stays, and what
// others have sent to those that go is received.
func TestListenUnderLoad(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		c.Listen = []string{"tcp://127.0.0.1:0", "udp://127.0.0.1:0"}
		r := start(t, s, c)
		stays := addresses(r, "tcp")[0]
		var stop atomic.Bool
		var senders sync.WaitGroup
		sent := [4]int{}
		for i := range sent {
			senders.Go(func() {
				for !stop.Load() {
					if err := deliver(stays, numbered(i, sent[i])); err != nil {
						t.Error(err)
						return
					}
					sent[i]++
				}
			})
		}
		want := map[string]bool{}
		for i := range 20 {
			url := fmt.Sprintf("tcp://127.0.0.%d:0", 2+i%2)
			listen(t, r, append([]string{url}, c.Listen...)...)
			text := fmt.Sprintf("brief %d", i)
			var addr string
			for _, a := range living(r, "tcp") {
				if a != stays {
					addr = a
				}
			}
			if err := deliver(addr, text); err != nil {
				t.Error(err)
			}
			// The kernel has it; the address may go.
			want[text] = true
		}
		listen(t, r, c.Listen...)
		stop.Store(true)
		senders.Wait()
		total := len(want)
		for i, n := range sent {
			total += n
			for k := range n {
				want[label(i, k)] = true
			}
		}
		awaitCount(t, s, total)
		s.exactly(t, want)
		t.Logf("%d connections", total)
		if now := r.Stats(); len(now.Listeners) < 4 {
			t.Errorf("%d addresses in the account", len(now.Listeners))
		}
	})
}

// With a Grace, who has connected and is about to send is waited for; who never does, no longer
// than that.
func TestGrace(t *testing.T) {
	eachWayTogether(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		c.Listen = []string{"tcp://127.0.0.1:0"}
		c.Grace = time.Second
		r := start(t, s, c)
		late, half, mute, done := dial(t, r, "tcp"), dial(t, r, "tcp"), dial(t, r, "tcp"), dial(t, r, "tcp")
		send(t, half, numbered(1, 1)[:20])
		send(t, done, "before\n")
		awaitCount(t, s, 1)
		awaitStats(t, r, "the connections", func(s receiver.Stats) bool { return s.Connections.Open == 4 })
		ended := make(chan struct{})
		began := time.Now()
		go func() {
			defer close(ended)
			stop(t, r)
		}()
		done.SetReadDeadline(time.Now().Add(sigtest.Fatal))
		if _, err := done.Read(make([]byte, 1)); err != io.EOF { // it has been told by now
			t.Errorf("between messages: %v", err)
		}
		send(t, late, numbered(1, 2))
		send(t, half, numbered(1, 1)[20:])
		<-ended
		if took := time.Since(began); took < c.Grace || took > c.Grace+sigtest.Fatal/4 {
			t.Errorf("it took %v", took)
		}
		s.exactly(t, map[string]bool{"before": true, label(1, 1): true, label(1, 2): true})
		mute.SetReadDeadline(time.Now().Add(sigtest.Fatal))
		if _, err := mute.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the one that never sends: %v", err)
		}
	})
}

// Who passes a socket may have given it a larger buffer than this program may.
func TestPassedSocketKeepsItsBuffer(t *testing.T) {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetReadBuffer(128 << 10); err != nil {
		t.Fatal(err)
	}
	file, err := conn.File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r := start(t, newSink(), receiver.Config{
		Listen: []string{"systemd:in", "udp://127.0.0.1:0"}, Sockets: map[string][]*os.File{"in": {file}}, ReceiveBuffer: 16 << 10,
	})
	for i, want := range []int{128 << 10, 16 << 10} {
		if got := r.Stats().Listeners[i].ReceiveBuffer; got != want {
			t.Errorf("socket %d has a buffer of %d bytes, want %d", i, got, want)
		}
	}
}

func TestAlive(t *testing.T) {
	s := newSink()
	r := start(t, s, receiver.Config{Workers: 2})
	if err := r.Alive(t.Context()); err != nil {
		t.Error(err)
	}
	s.holdUp(t, r)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := r.Alive(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while a loop hangs: %v", err)
	}
	s.mu.Unlock()
	if err := r.Alive(t.Context()); err != nil {
		t.Error(err)
	}
	stop(t, r)
	if err := r.Alive(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}
