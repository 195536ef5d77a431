package receiver_test

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/receiver"
)

func TestAllow(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, c receiver.Config) {
		path := t.TempDir() + "/s"
		c.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.64/26"), netip.MustParsePrefix("fd00::/8")}
		c.Listen = []string{"udp://127.0.0.1:0", "tcp://127.0.0.1:0", "unix://" + path}
		s := newSink()
		r := start(t, s, c)
		from := func(network, ip string) net.Conn {
			var d net.Dialer
			if d.LocalAddr = (&net.TCPAddr{IP: net.ParseIP(ip)}); network == "udp" {
				d.LocalAddr = &net.UDPAddr{IP: net.ParseIP(ip)}
			}
			conn, err := d.Dial(network, addresses(r, network)[0])
			must(t, err)
			t.Cleanup(func() { conn.Close() })
			return conn
		}
		send(t, from("udp", "127.0.0.65"), "udp allowed")
		send(t, from("udp", "127.0.0.1"), "udp not allowed")
		send(t, from("tcp", "127.0.0.127"), "tcp allowed\n")
		refused := from("tcp", "127.0.0.128")
		refused.SetReadDeadline(time.Now().Add(sigtest.Fatal))
		if n, err := refused.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("a connection that is not allowed stays open:", n, err)
		}
		sendUnix(t, "unix", path, "unix")
		awaitStats(t, r, "what is not allowed", func(s receiver.Stats) bool {
			return s.Rejected[receiver.CauseNotAllowed] == 1 && s.Connections.Closed[receiver.EndNotAllowed] == 1 && s.Delivered == 3
		})
		s.exactly(t, map[string]bool{"udp allowed": true, "tcp allowed": true, "unix": true})
	})
}

// Of each peer only so many messages pass, of others no fewer.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, c receiver.Config) {
		c.RateLimit, c.RateBurst = 0.001, 5
		c.Listen = []string{"udp://127.0.0.1:0", "tcp://127.0.0.1:0"}
		s := newSink()
		r := start(t, s, c)
		tcp := dial(t, r, "tcp") // 127.0.0.1
		send(t, tcp, strings.Repeat("x\n", 8))
		awaitStats(t, r, "8 by TCP", func(s receiver.Stats) bool { return s.Received == 8 })
		conn, err := net.DialUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2)}, net.UDPAddrFromAddrPort(netip.MustParseAddrPort(addresses(r, "udp")[0])))
		must(t, err)
		defer conn.Close()
		for range 7 {
			send(t, conn, "x")
		}
		awaitStats(t, r, "what is too much", func(s receiver.Stats) bool {
			return s.Rejected[receiver.CauseRate] == 5 && s.Delivered == 10
		})
	})
}

// The kernel's time is before that at which a receiver, held up, has read the datagram.
func TestKernelTime(t *testing.T) {
	t.Parallel()
	s := newSink()
	path := t.TempDir() + "/s"
	r := start(t, s, receiver.Config{KernelTime: true, Listen: []string{"udp://127.0.0.1:0", "unixgram://" + path}})
	for _, network := range []string{"udp", "unixgram"} {
		s.holdUp(t, r)
		before := time.Now()
		if network == "udp" {
			send(t, dial(t, r, "udp"), network)
		} else {
			sendUnix(t, network, path, network)
		}
		after := time.Now()
		for time.Since(after) < 20*time.Millisecond {
			time.Sleep(time.Millisecond) // the time that must not count
		}
		s.mu.Unlock()
		sigtest.Until(t, "the message", func() bool { return s.has(network) })
		if at := s.lastMessage().ReceivedAt; at.Before(before.Add(-10*time.Millisecond)) || at.After(after.Add(10*time.Millisecond)) {
			t.Errorf("%s: sent between %v and %v, received at %v", network, before, after, at)
		}
	}
}
