package receiver_test

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/receiver"
)

// burst runs f for each of n senders at the same time.
func burst(t testing.TB, n int, f func(sender int) error) {
	t.Helper()
	var senders sync.WaitGroup
	errs := make(chan error, n)
	for i := range n {
		senders.Go(func() { errs <- f(i) })
	}
	senders.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
}

// datagrams sends each messages from each sender as fast as it can.
func datagrams(r *receiver.Receiver, each int) func(sender int) error {
	addrs := addresses(r, "udp")
	return func(sender int) error {
		conn, err := net.Dial("udp", addrs[sender%len(addrs)])
		if err != nil {
			return err
		}
		defer conn.Close()
		for n := range each {
			if _, err := conn.Write([]byte(numbered(sender, n))); err != nil {
				return err
			}
		}
		return nil
	}
}

// connections makes a connection for each message.
func connections(r *receiver.Receiver, each int) func(sender int) error {
	addrs := addresses(r, "tcp")
	return func(sender int) error {
		for n := range each {
			if err := deliver(addrs[sender%len(addrs)], numbered(sender, n)); err != nil {
				return fmt.Errorf("connection %d of sender %d: %w", n, sender, err)
			}
		}
		return nil
	}
}

func deliver(addr, text string) error {
	conn, err := net.DialTimeout("tcp", addr, sigtest.Fatal)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write([]byte(text))
	return err
}

func TestDatagramBurst(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		r := start(t, s, c)
		burst(t, 4, datagrams(r, 500))
		awaitCount(t, s, 2000)
		s.exactly(t, labels(4, 500))
		stats := awaitStats(t, r, "the account of 2000 messages", func(s receiver.Stats) bool { return s.Received == 2000 })
		if stats.Delivered != 2000 || stats.KernelDrops != 0 || stats.Signals.Received == 0 {
			t.Errorf("%+v", stats)
		}
	})
}

// Whatever the kernel drops is counted, however small the buffer.
func TestDatagramsAreReceivedOrCountedAsDropped(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		c.ReceiveBuffer = 4096
		r := start(t, s, c)
		for round := range 20 {
			burst(t, 4, datagrams(r, 500))
			stats := awaitStats(t, r, "as many received and dropped as were sent", func(s receiver.Stats) bool {
				return s.Received+s.KernelDrops >= uint64(2000*(round+1))
			})
			if stats.Received+stats.KernelDrops != uint64(2000*(round+1)) || int(stats.Received) != s.count() {
				t.Fatalf("received %d, dropped %d, delivered %d", stats.Received, stats.KernelDrops, s.count())
			}
			if stats.KernelDrops > 0 {
				return // which was to be seen
			}
		}
		t.Error("the kernel has dropped nothing, so that nothing was tested")
	})
}

func TestConnectionBurst(t *testing.T) {
	each := 2500
	if testing.Short() || sigtest.RaceDetector {
		each = 250
	}
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		r := start(t, s, c)
		begin := time.Now()
		burst(t, 8, connections(r, each))
		awaitCount(t, s, 8*each)
		t.Logf("%d connections in %v", 8*each, time.Since(begin))
		s.exactly(t, labels(8, each))
		awaitStats(t, r, "the end of all connections", func(s receiver.Stats) bool {
			return s.Received == uint64(8*each) && s.Connections.Closed[receiver.EndPeer] == uint64(8*each)
		})
	})
}

// The clients of the original wait before they send. They must not hold up one
// another.
func TestConnectionsThatWaitBeforeTheySend(t *testing.T) {
	const pause = 200 * time.Millisecond
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		r := start(t, s, c)
		begin := time.Now()
		var opened sync.WaitGroup
		opened.Add(100)
		addr := addresses(r, "tcp")[0]
		burst(t, 100, func(sender int) error {
			conn, err := net.DialTimeout("tcp", addr, sigtest.Fatal)
			if err != nil {
				return err
			}
			defer conn.Close()
			opened.Done()
			opened.Wait()
			<-time.After(pause)
			_, err = conn.Write([]byte(numbered(sender, 0)))
			return err
		})
		awaitCount(t, s, 100)
		s.exactly(t, labels(100, 1))
		if d := time.Since(begin); d > 100*pause/2 {
			t.Errorf("took %v: one after the other", d)
		}
	})
}
