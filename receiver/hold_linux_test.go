package receiver_test

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/receiver"
)

// An output that is full again and again, in the middle of batches and of streams.
func TestFullOutputLosesNothing(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		r := start(t, s, c)
		s.open(10)
		const each = 200
		var senders sync.WaitGroup
		senders.Go(func() { burst(t, 4, datagrams(r, each)) })
		senders.Go(func() {
			burst(t, 4, func(sender int) error { return connections(r, each)(sender + 4) })
		})
		senders.Go(func() { burst(t, 4, func(sender int) error { return stream(r, sender+8, each) }) })
		for total := 10; total < 12*each; total += 37 {
			sigtest.Until(t, "the output to be full", func() bool { return s.count() == total })
			balance(t, r.Stats())
			s.open(37)
		}
		awaitCount(t, s, 12*each)
		s.open(-1)
		senders.Wait()
		s.exactly(t, labels(12, each))
		if stats := stop(t, r); stats.Received != 12*each || stats.KernelDrops != 0 || s.refused() == 0 {
			t.Errorf("%+v, refused %d times", stats.Counts, s.refused())
		}
	})
}

// stream sends all messages over one connection.
func stream(r *receiver.Receiver, sender, each int) error {
	conn, err := net.Dial("tcp", addresses(r, "tcp")[0])
	if err != nil {
		return err
	}
	defer conn.Close()
	var all strings.Builder
	for n := range each {
		all.WriteString(numbered(sender, n))
	}
	_, err = conn.Write([]byte(all.String()))
	return err
}

// Messages of one connection stay in order, also around a pause.
func TestOrder(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		s.keep = true
		r := start(t, s, c)
		s.open(100)
		const each = 5000
		var sender sync.WaitGroup
		sender.Go(func() {
			if err := stream(r, 0, each); err != nil {
				t.Error(err)
			}
		})
		sigtest.Until(t, "the output to be full", func() bool { return s.refused() > 0 })
		s.open(-1)
		awaitCount(t, s, each)
		sender.Wait()
		for n, text := range s.log {
			if text != label(0, n) {
				t.Fatalf("message %d is %q", n, text)
			}
		}
	})
}

// While the output is full, nobody is timed out for what was not read, and the
// account can be read.
func TestNobodysTimeIsOverWhileTheOutputIsFull(t *testing.T) {
	eachWayTogether(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		c.FirstByteTimeout, c.IdleTimeout, c.MessageTimeout = time.Second, time.Second, time.Second
		r := start(t, s, c)
		s.open(0)
		var conns []net.Conn
		for i := range 20 {
			conn := dial(t, r, "tcp")
			send(t, conn, fmt.Sprintf("first of %d\nsecond of %d\n", i, i))
			conns = append(conns, conn)
		}
		sigtest.Until(t, "the output to be full", func() bool { return s.refused() > 0 })
		<-time.After(1500 * time.Millisecond)
		stats := r.Stats()
		balance(t, stats)
		if stats.Pending == 0 || stats.Received != 0 {
			t.Errorf("%+v", stats.Counts)
		}
		s.open(-1)
		awaitCount(t, s, 40)
		<-time.After(20 * time.Millisecond)
		for round := range 5 { // within the time, so that each of them is well
			for i, conn := range conns {
				send(t, conn, fmt.Sprintf("message %d of %d\n", 2+round, i))
			}
			awaitCount(t, s, 60+20*round)
		}
		if stats := r.Stats(); len(stats.Connections.Closed) > 0 {
			t.Errorf("%+v", stats.Connections)
		}
	})
}

// A message is received when its outcome is known, and pending before.
func TestPendingUntilTheOutcomeIsKnown(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		s.holdBack = true
		r := start(t, s, c)
		burst(t, 4, datagrams(r, 25))
		awaitCount(t, s, 100)
		stats := r.Stats()
		balance(t, stats)
		if stats.Pending != 100 || stats.Received != 0 {
			t.Errorf("%+v", stats.Counts)
		}
		s.settle(60, "")
		s.settle(40, "disk on fire")
		stats = r.Stats()
		balance(t, stats)
		if stats.Pending != 0 || stats.Received != 100 || stats.Delivered != 60 || stats.Rejected["disk on fire"] != 40 {
			t.Errorf("%+v", stats.Counts)
		}
	})
}

// The account adds up whenever it is read.
func TestAccountIsExactAtEveryMoment(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		r := start(t, s, c)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			burst(t, 4, func(sender int) error {
				addr := addresses(r, "udp")[0]
				conn, err := net.Dial("udp", addr)
				if err != nil {
					return err
				}
				defer conn.Close()
				for n := range 2000 {
					text := numbered(sender, n)
					if n%3 == 0 {
						text = ""
					}
					if _, err := conn.Write([]byte(text)); err != nil {
						return err
					}
				}
				return nil
			})
		}()
		for reading := true; reading; {
			select {
			case <-ended:
				reading = false
			default:
			}
			balance(t, r.Stats())
		}
		awaitStats(t, r, "8000 datagrams", func(s receiver.Stats) bool { return s.Received+s.KernelDrops == 8000 })
	})
}
