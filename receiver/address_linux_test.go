package receiver_test

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/receiver"
)

// Localhost is both families, at one port.
func TestLocalhostIsBothFamilies(t *testing.T) {
	if !haveIPv6() {
		t.Skip("this machine has no IPv6")
	}
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		r := start(t, s, c)
		n := 0
		for _, network := range []string{"udp", "tcp"} {
			addrs := addresses(r, network)
			if len(addrs) != 2 {
				t.Fatal(addrs)
			}
			first, second := netip.MustParseAddrPort(addrs[0]), netip.MustParseAddrPort(addrs[1])
			if first.Port() != second.Port() || first.Addr().String() != "127.0.0.1" || second.Addr().String() != "::1" {
				t.Error(addrs)
			}
			for _, addr := range addrs {
				conn, err := net.Dial(network, addr)
				if err != nil {
					t.Fatal(err)
				}
				send(t, conn, network+addr)
				conn.Close()
				n++
				awaitCount(t, s, n)
				if !s.has(network + addr) {
					t.Error("lost:", network, addr)
				}
			}
		}
	})
}

// Every address is both families through one socket, and an IPv4 peer is named
// as one.
func TestEveryAddress(t *testing.T) {
	if !haveIPv6() {
		t.Skip("this machine has no IPv6")
	}
	for _, host := range []string{"", "*"} {
		eachWay(t, func(t *testing.T, c receiver.Config) {
			s := newSink()
			c.Listen = []string{"udp://" + host + ":0", "tcp://" + host + ":0"}
			r := start(t, s, c)
			n := 0
			for _, network := range []string{"udp", "tcp"} {
				for _, to := range []string{"127.0.0.1", "::1"} {
					_, port, _ := net.SplitHostPort(addresses(r, network)[0])
					conn, err := net.Dial(network, net.JoinHostPort(to, port))
					if err != nil {
						t.Fatal(err)
					}
					send(t, conn, "x")
					conn.Close()
					n++
					awaitCount(t, s, n)
					if got := s.lastMessage().Peer.Addr().String(); got != to {
						t.Errorf("%s: the peer is %s instead of %s", network, got, to)
					}
				}
			}
		})
	}
}

// A literal address is that one alone.
func TestOneFamily(t *testing.T) {
	s := newSink()
	listen := []string{"tcp://0.0.0.0:0", "udp://127.0.0.1:0"}
	if haveIPv6() {
		listen = append(listen, "tcp://[::]:0", "udp://[::1]:0")
	}
	r := start(t, s, receiver.Config{Listen: listen})
	for i, l := range r.Stats().Listeners {
		if prefix := strings.TrimSuffix(listen[i], ":0"); !strings.HasPrefix(l.Address, prefix+":") || strings.HasSuffix(l.Address, ":0") {
			t.Errorf("%s became %s", listen[i], l.Address)
		}
	}
	if haveIPv6() {
		_, port, _ := net.SplitHostPort(addresses(r, "tcp")[1])
		if conn, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			conn.Close()
			t.Error("[::] took an IPv4 connection")
		}
	}
}

func haveIPv6() bool {
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		return false
	}
	l.Close()
	return true
}

// An operator is told in words that the kernel drops, where, and what to do.
func TestWarningOfDrops(t *testing.T) {
	s := newSink()
	warnings := make(chan string, 100)
	r := start(t, s, receiver.Config{
		ReceiveBuffer: 4096,
		Listen:        []string{"udp://127.0.0.1:0"},
		Warn:          func(text string) { warnings <- text },
	})
	s.mu.Lock()
	burst(t, 1, datagrams(r, 1000))
	s.mu.Unlock()
	var text string
	sigtest.Until(t, "a warning", func() bool {
		select {
		case text = <-warnings:
		default:
		}
		return text != ""
	})
	for _, part := range []string{r.Stats().Listeners[0].Address, "the kernel dropped 9", "--receive-buffer", "net.core.rmem_max"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q does not say %q", text, part)
		}
	}
}

// The kernel's answer to a request for a buffer is in the account, and told if it
// is less.
func TestWarningOfASmallBuffer(t *testing.T) {
	s := newSink()
	var text string
	r := start(t, s, receiver.Config{
		ReceiveBuffer: 1 << 30, // one byte more than the kernel ever grants
		Listen:        []string{"udp://127.0.0.1:0"},
		Warn:          func(s string) { text = s },
	})
	granted := r.Stats().Listeners[0].ReceiveBuffer
	if granted <= 0 || granted >= 1<<30 || !strings.Contains(text, "sysctl -w net.core.rmem_max=1073741824") {
		t.Errorf("granted %d, told %q", granted, text)
	}
	r = start(t, s, receiver.Config{ReceiveBuffer: 64 << 10, Listen: []string{"udp://127.0.0.1:0"}})
	if granted := r.Stats().Listeners[0].ReceiveBuffer; granted != 64<<10 {
		t.Errorf("granted %d", granted)
	}
}
