package receiver

import (
	"net/netip"
	"testing"
	"time"
)

func TestLimiter(t *testing.T) {
	t.Parallel()
	l := newLimiter(10, 3)
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	at := l.epoch
	passed := func(peer netip.Addr, times int) (n int) {
		for range times {
			if l.allows(peer, at) {
				n++
			}
		}
		return n
	}
	if n := passed(a, 100); n != 3 {
		t.Errorf("a burst of %d, want 3", n)
	}
	if n := passed(b, 2); n != 2 {
		t.Errorf("another peer: %d, want 2", n)
	}
	total := 0
	for range 1000 { // 10 s
		at = at.Add(10 * time.Millisecond)
		total += passed(a, 5)
	}
	if total < 99 || total > 101 {
		t.Errorf("%d in 10 s, want 100", total)
	}
	at = at.Add(time.Hour)
	if n := passed(a, 100); n != 3 {
		t.Errorf("after an hour a burst of %d, want 3", n)
	}
}

// Who has a network of IPv6 is one peer.
func TestLimiterIPv6(t *testing.T) {
	t.Parallel()
	l := newLimiter(1, 1)
	if !l.allows(netip.MustParseAddr("2001:db8::1"), l.epoch) || l.allows(netip.MustParseAddr("2001:db8::ffff:2"), l.epoch) {
		t.Error("one network, and not one peer")
	}
	if !l.allows(netip.MustParseAddr("2001:db8:0:1::1"), l.epoch) {
		t.Error("another network is the same peer")
	}
}

// However many peers there are, the limiter keeps to its memory, and a peer that goes
// on sending stays limited.
func TestLimiterIsBounded(t *testing.T) {
	t.Parallel()
	l := newLimiter(0.001, 2)
	busy := netip.MustParseAddr("192.0.2.1")
	passed := 0
	for i := range 10 * peersInGeneration {
		l.allows(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), l.epoch)
		if i%100 == 0 && l.allows(busy, l.epoch) {
			passed++
		}
		if n := len(l.young) + len(l.old); n > 2*peersInGeneration {
			t.Fatalf("%d peers are remembered", n)
		}
	}
	if passed != 2 {
		t.Errorf("%d messages of the busy peer passed, want 2", passed)
	}
}

func TestLimiterExtremes(t *testing.T) {
	t.Parallel()
	if newLimiter(0, 5) != nil {
		t.Error("a limit of 0 is one")
	}
	for _, l := range []*limiter{newLimiter(1e9, 0), newLimiter(1e9, 1), newLimiter(0.001, 1e9), newLimiter(0.001, 0)} {
		if !l.allows(netip.Addr{}, l.epoch) || l.burst <= 0 || l.interval <= 0 {
			t.Errorf("%+v", l)
		}
	}
}

func TestLimiterAllocatesNothing(t *testing.T) {
	l := newLimiter(1e6, 0)
	peer := netip.MustParseAddr("192.0.2.1")
	if n := testing.AllocsPerRun(100, func() { l.allows(peer, l.epoch) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
