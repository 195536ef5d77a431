package netconn_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/netconn"
)

func packets(t testing.TB, c *netconn.Config, network, address string) net.PacketConn {
	t.Helper()
	p, err := c.ListenPacket(context.Background(), network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// TestPackets does with datagrams what nettest does with streams.
func TestPackets(t *testing.T) {
	t.Parallel()
	c := newConfig(t)
	for _, network := range []string{"udp", "udp4", "udp6", "unixgram"} {
		t.Run(network, func(t *testing.T) {
			open := func() net.PacketConn { return packets(t, c, network, anyAddress(t, network)) }
			t.Run("there and back", func(t *testing.T) {
				a, b := open(), open()
				for i, text := range []string{"one", "", strings.Repeat("x", 8000)} {
					if n, err := a.WriteTo([]byte(text), b.LocalAddr()); n != len(text) || err != nil {
						t.Fatal(i, n, err)
					}
					buf := make([]byte, 9000)
					n, from, err := b.ReadFrom(buf)
					if err != nil || string(buf[:n]) != text || from.String() != a.LocalAddr().String() {
						t.Fatalf("%q from %v, %v", buf[:n], from, err)
					}
					if _, err := b.WriteTo([]byte("back"), from); err != nil {
						t.Fatal(err)
					}
					if n, _, err = a.ReadFrom(buf); string(buf[:n]) != "back" || err != nil {
						t.Fatalf("%q, %v", buf[:n], err)
					}
				}
			})
			t.Run("connected", func(t *testing.T) {
				b := open()
				a, err := c.Dial(network, b.LocalAddr().String())
				if err != nil {
					t.Fatal(err)
				}
				defer a.Close()
				buf := make([]byte, 16)
				if _, err := a.Write([]byte("hello")); err != nil {
					t.Fatal(err)
				}
				if n, _, err := b.ReadFrom(buf); string(buf[:n]) != "hello" || err != nil {
					t.Errorf("%q, %v", buf[:n], err)
				}
			})
			t.Run("deadline", func(t *testing.T) {
				a := open()
				a.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
				_, _, err := a.ReadFrom(make([]byte, 1))
				if !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Error(err)
				}
				a.SetReadDeadline(time.Time{})
				if _, err := a.WriteTo([]byte("x"), a.LocalAddr()); err != nil {
					t.Fatal(err)
				}
				if n, _, err := a.ReadFrom(make([]byte, 8)); n != 1 || err != nil {
					t.Error("after the deadline was taken back:", n, err)
				}
			})
			t.Run("close", func(t *testing.T) {
				a := open()
				var group sync.WaitGroup
				for range 4 {
					group.Go(func() {
						if _, _, err := a.ReadFrom(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
							t.Error(err)
						}
					})
				}
				a.Close()
				within(t, "Close of a socket that is read", group.Wait)
			})
			t.Run("a burst", func(t *testing.T) {
				a, b := open(), open()
				const n = 5000
				go func() {
					for i := range n {
						if _, err := a.WriteTo(fmt.Append(nil, i), b.LocalAddr()); err != nil {
							t.Error(err)
							return
						}
						if i%50 == 49 { // lest UDP lose some
							a.ReadFrom(make([]byte, 1))
						}
					}
				}()
				within(t, "a burst", func() {
					buf := make([]byte, 16)
					for i := range n {
						m, from, err := b.ReadFrom(buf)
						if err != nil || string(buf[:m]) != fmt.Sprint(i) {
							t.Errorf("%q in place of %d, %v", buf[:m], i, err)
							return
						}
						if i%50 == 49 {
							b.WriteTo([]byte("."), from)
						}
					}
				})
			})
		})
	}
}

func TestPacketsWithoutSignals(t *testing.T) {
	if sigtest.Alone(t, sigtest.SignalLimit(0)) {
		t.Run("all", TestPackets)
	}
}

func TestPacketsOfPortable(t *testing.T) {
	if sigtest.Alone(t, portableVar+"=1") {
		t.Run("all", TestPackets)
	}
}

// A Unix datagram socket sends no signal when the queue of its peer has room again.
func TestUnixDatagramsWaitForRoom(t *testing.T) {
	t.Parallel()
	c := newConfig(t)
	b := packets(t, c, "unixgram", anyAddress(t, "unixgram"))
	a := packets(t, c, "unixgram", anyAddress(t, "unixgram"))
	const n = 500 // more than net.unix.max_dgram_qlen allows
	sent := make(chan error, 1)
	go func() {
		for i := range n {
			if _, err := a.WriteTo(fmt.Append(nil, i), b.LocalAddr()); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	select {
	case err := <-sent:
		t.Fatal("the queue held everything: ", err)
	case <-time.After(100 * time.Millisecond):
	}
	within(t, "datagrams through a full queue", func() {
		buf := make([]byte, 16)
		for i := range n {
			if m, _, err := b.ReadFrom(buf); err != nil || string(buf[:m]) != fmt.Sprint(i) {
				t.Errorf("%q in place of %d, %v", buf[:m], i, err)
				return
			}
		}
	})
	if err := <-sent; err != nil {
		t.Error(err)
	}
}

// Addresses need no memory of their own in this form.
func TestAddrPort(t *testing.T) {
	c := newConfig(t)
	both := packets(t, c, "udp", ":0").(*netconn.UDPConn)
	v4 := packets(t, c, "udp4", "127.0.0.1:0").(*netconn.UDPConn)
	to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(both.LocalAddr().(*net.UDPAddr).Port))
	buf := make([]byte, 8)
	allocated := testing.AllocsPerRun(200, func() {
		if _, err := v4.WriteToUDPAddrPort([]byte("x"), to); err != nil {
			t.Fatal(err)
		}
		n, from, err := both.ReadFromUDPAddrPort(buf)
		if n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if want := v4.LocalAddr().(*net.UDPAddr).AddrPort(); from != want {
			t.Fatalf("from %v, want %v", from, want)
		}
	})
	if allocated > 1 && !sigtest.RaceDetector {
		t.Errorf("%v allocations", allocated)
	}
}
