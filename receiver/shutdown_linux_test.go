package receiver_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/receiver"
)

// All that the kernel has received before Shutdown is delivered.
func TestShutdownDrains(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		r := start(t, s, c)
		var open []net.Conn
		for range 50 {
			open = append(open, dial(t, r, "tcp"))
		}
		dial(t, r, "tcp") // remains silent
		awaitStats(t, r, "the connections", func(s receiver.Stats) bool { return s.Connections.Open == 51 })
		want := labels(12, 100)
		s.mu.Lock() // Append waits, and so do the loops
		burst(t, 4, datagrams(r, 100))
		burst(t, 4, func(sender int) error { return connections(r, 100)(sender + 4) })
		burst(t, 4, func(sender int) error { return stream(r, sender+8, 100) })
		for i, conn := range open {
			send(t, conn, fmt.Sprintf("whole %d\nrest %d", i, i))
			want[fmt.Sprintf("whole %d", i)], want[fmt.Sprintf("rest %d", i)] = true, true
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			stop(t, r)
		}()
		s.mu.Unlock()
		<-ended
		s.exactly(t, want)
		stats := r.Stats()
		if stats.Received != uint64(len(want)) || stats.Delivered != stats.Received || stats.Connections.Closed[receiver.EndShutdown] != 51 {
			t.Errorf("%+v", stats.Counts)
		}
	})
}

// However fast it is read, there is always more: each message causes another one.
func TestShutdownOfAnEndlessStream(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} {
		t.Run(network, func(t *testing.T) {
			eachWay(t, func(t *testing.T, c receiver.Config) {
				spring := &spring{sink: newSink()}
				c.Output = spring
				r := start(t, nil, c)
				conn := dial(t, r, network)
				spring.conn.Store(&conn)
				for range 100 { // more than a batch is always there
					send(t, conn, "more\n")
				}
				awaitCount(t, spring.sink, 1000)
				stop(t, r)
			})
		})
	}
}

// spring is an output that sends a message for each that it gets.
type spring struct {
	*sink
	conn atomic.Pointer[net.Conn]
}

func (s *spring) Append(m *message.Message, r receiver.Receipt) bool {
	(*s.conn.Load()).Write([]byte("more\n")) // fails at the end
	return s.sink.Append(m, r)
}

// Senders that never stop cannot keep a receiver from its end.
func TestShutdownInABurst(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		r := start(t, s, c)
		over := make(chan struct{})
		var senders sync.WaitGroup
		for i := range 4 {
			senders.Go(func() { repeat(over, func() { datagrams(r, 100)(i) }) })
			senders.Go(func() { repeat(over, func() { connections(r, 1)(i) }) })
			senders.Go(func() { repeat(over, func() { stream(r, i, 50_000) }) })
		}
		sigtest.Until(t, "a burst", func() bool { return s.count() > 5000 })
		begin := time.Now()
		stop(t, r)
		t.Logf("%d messages, shut down in %v", s.count(), time.Since(begin))
		if d := time.Since(begin); d > sigtest.Fatal/2 {
			t.Errorf("it took %v", d)
		}
		close(over)
		senders.Wait()
		if stats := r.Stats(); int(stats.Received) != s.count() {
			t.Errorf("%d messages came, the account has %+v", s.count(), stats.Counts)
		}
	})
}

func repeat(over chan struct{}, f func()) {
	for {
		select {
		case <-over:
			return
		default:
			f()
		}
	}
}

// When there is no time, what is in hand is rejected, and counted.
func TestShutdownWhileTheOutputIsFull(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		r := start(t, s, c)
		conn := dial(t, r, "tcp")
		send(t, conn, "zero\n")
		awaitCount(t, s, 1)
		s.open(0)
		send(t, conn, "one\ntwo\nthree")
		burst(t, 4, datagrams(r, 100))
		sigtest.Until(t, "the output to be full", func() bool { return s.refused() > 0 })
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		err := r.Shutdown(ctx)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		stats := r.Stats()
		balance(t, stats)
		if stats.Pending != 0 || stats.Delivered != 1 || stats.Rejected[receiver.CauseShutdown] == 0 || stats.Received != 1+stats.Rejected[receiver.CauseShutdown] {
			t.Errorf("%+v", stats.Counts)
		}
	})
}

func TestShutdownAtOnce(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		r := start(t, s, c)
		for range 20 {
			send(t, dial(t, r, "tcp"), "whole\npart")
		}
		awaitCount(t, s, 20)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := r.Shutdown(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		stats := r.Stats()
		balance(t, stats)
		if stats.Pending != 0 || stats.Received != 40 {
			t.Errorf("%+v", stats.Counts)
		}
	})
}

func TestShutdownInEveryState(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r, err := receiver.New(receiver.Config{Output: newSink(), Listen: []string{"tcp://127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	if s := r.Stats(); s.Received != 0 || s.Rejected == nil || len(s.Listeners) != 0 {
		t.Errorf("before Start: %+v", s)
	}
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	if r.Start() == nil {
		t.Error("it was started twice")
	}
	select {
	case <-r.Done():
		t.Error("done while it receives")
	default:
	}
	for range 2 {
		if err := r.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	}
	<-r.Done()
	if err := r.Err(); err != nil {
		t.Error(err)
	}
	if s := r.Stats(); len(s.Listeners) != 1 {
		t.Errorf("after the end: %+v", s)
	}

	r, err = receiver.New(receiver.Config{Output: newSink()})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if err := r.Start(); !errors.Is(err, net.ErrClosed) {
		t.Error("start after shutdown:", err)
	}
}

// A second Shutdown with less patience ends the first.
func TestImpatientSecondShutdown(t *testing.T) {
	s := newSink()
	r := start(t, s, receiver.Config{})
	s.open(0)
	send(t, dial(t, r, "tcp"), "stuck\n")
	sigtest.Until(t, "the output to be full", func() bool { return s.refused() > 0 })
	first := make(chan error)
	go func() { first <- r.Shutdown(context.Background()) }()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := r.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := <-first; err != nil {
		t.Error(err)
	}
}

// A restart binds at once, while connections of the last run are in TIME_WAIT.
func TestRestartWithConnectionsInTimeWait(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		r := start(t, s, c)
		conn := dial(t, r, "tcp")
		send(t, conn, "hello\n")
		awaitCount(t, s, 1)
		port := conn.RemoteAddr().(*net.TCPAddr).Port
		stop(t, r) // ends the connection, so that its end is on this side
		conn.Close()
		sigtest.Until(t, "TIME_WAIT", func() bool { return timeWait(t, port) })
		c.Listen = []string{fmt.Sprintf("tcp://localhost:%d", port), fmt.Sprintf("udp://localhost:%d", port)}
		checkService(t, start(t, s, c), s)
	})
}

func TestHundredRestartsUnderTraffic(t *testing.T) {
	restarts := 25 // in each of four ways
	if testing.Short() {
		restarts = 5
	}
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		r := start(t, s, c)
		port := dial(t, r, "tcp").RemoteAddr().(*net.TCPAddr).Port
		stop(t, r)
		c.Listen = []string{fmt.Sprintf("tcp://localhost:%d", port), fmt.Sprintf("udp://localhost:%d", port)}
		c.Output = s
		before, err := sigtest.NewBaseline()
		if err != nil {
			t.Fatal(err)
		}
		over := make(chan struct{})
		var senders sync.WaitGroup
		addr := fmt.Sprintf("127.0.0.1:%d", port)
		senders.Go(func() { repeat(over, func() { deliver(addr, "by tcp") }) })
		senders.Go(func() {
			conn, err := net.Dial("udp", addr)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			repeat(over, func() { conn.Write([]byte("by udp")) })
		})
		for range restarts {
			r, err := receiver.New(c)
			if err != nil {
				t.Fatal(err)
			}
			n := s.count()
			if err := r.Start(); err != nil {
				t.Fatal(err)
			}
			awaitCount(t, s, n+1)
			stats := stop(t, r)
			if int(stats.Delivered) != s.count()-n {
				t.Fatalf("%d messages came, the account has %+v", s.count()-n, stats.Counts)
			}
		}
		close(over)
		senders.Wait()
		if err := before.Leaks(); err != nil {
			t.Error(err)
		}
	})
}
