package receiver

import (
	"net/netip"
	"sync"
	"time"
)

// allows says whether a peer may send at all. Who is on this machine and reaches a
// Unix socket may: the permissions of its file say who that is.
func (c *Config) allows(peer netip.AddrPort) bool {
	if len(c.Allow) == 0 || !peer.IsValid() {
		return true
	}
	addr := peer.Addr().WithZone("")
	for _, p := range c.Allow {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// refuses says why a datagram of peer is not taken, "" if it is.
func (r *Receiver) refuses(peer netip.AddrPort, now time.Time) (cause string) {
	switch {
	case len(r.config.Allow) > 0 && !r.config.allows(peer):
		return CauseNotAllowed
	case r.limiter != nil && !r.limiter.allows(peer.Addr(), now):
		return CauseRate
	}
	return ""
}

// limiter bounds how many messages each peer may send in a second, after a burst. A
// peer is an IPv4 address, or the first 64 bits of an IPv6 one, since who has one of
// these has all of them.
//
// For each peer it keeps the time until which its messages so far are paid for, each
// at the price of one interval (this is called GCRA, or a leaky bucket as a meter).
// It remembers a bounded number of peers, in two generations: when the young one is
// full it becomes the old one, which is forgotten. A peer that sends is in the young
// one, so only those are forgotten that have not sent for as long as it took others
// to fill it; at worst these begin a new burst.
type limiter struct {
	interval, burst time.Duration

	mu         sync.Mutex
	epoch      time.Time
	young, old map[netip.Addr]time.Duration
}

// peersInGeneration bounds a limiter to about 8 MiB.
const peersInGeneration = 32 << 10

// newLimiter returns nil if there is no limit.
func newLimiter(perSecond float64, burst int) *limiter {
	if perSecond <= 0 {
		return nil
	}
	interval := time.Duration(float64(time.Second) / perSecond)
	if burst == 0 {
		burst = max(1, int(perSecond))
	}
	most := min(float64(burst)*float64(interval), float64(24*time.Hour))
	return &limiter{interval: interval, burst: max(interval, time.Duration(most)), epoch: time.Now(), young: map[netip.Addr]time.Duration{}}
}

// allows says whether a message of peer that came at now may pass.
func (l *limiter) allows(peer netip.Addr, now time.Time) bool {
	if peer.Is6() {
		p, _ := peer.WithZone("").Prefix(64)
		peer = p.Addr()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	at := now.Sub(l.epoch)
	paid, known := l.young[peer]
	if !known {
		paid = l.old[peer]
	}
	next := max(paid, at) + l.interval
	if next > at+l.burst {
		if !known {
			l.remember(peer, paid)
		}
		return false
	}
	l.remember(peer, next)
	return true
}

func (l *limiter) remember(peer netip.Addr, paid time.Duration) {
	if len(l.young) >= peersInGeneration {
		if _, known := l.young[peer]; !known {
			l.old, l.young = l.young, make(map[netip.Addr]time.Duration, peersInGeneration)
		}
	}
	l.young[peer] = paid
}
