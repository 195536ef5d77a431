package receiver

import (
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/message"
)

const sample = `{"send_user":"user0042","send_time":"2026-11-22T21:14:00Z","send_msg":"seq=0000000000 ok"}`

// counter is an output that costs next to nothing.
type counter struct{ n atomic.Int64 }

func (c *counter) Append(_ *message.Message, r Receipt) bool {
	c.n.Add(1)
	r.Delivered(1)
	return true
}

func (c *counter) Room(f func()) { f() }

func benchReceiver(b *testing.B, network string) (r *Receiver, c *counter) {
	c = new(counter)
	r, err := New(Config{Output: c, Listen: []string{network + "://127.0.0.1:0"}})
	if err != nil {
		b.Fatal(err)
	}
	if err := r.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { r.Shutdown(b.Context()) })
	return r, c
}

// BenchmarkStream is the way of a message from the read buffer to the output,
// without the kernel.
func BenchmarkStream(b *testing.B) {
	r, _ := benchReceiver(b, "tcp")
	w := r.workers()[0]
	var s scratch
	s.init()
	c := &conn{l: w.sources[0].(*listener), peer: netip.MustParseAddrPort("127.0.0.1:1")}
	s.now = time.Now()
	data := []byte(strings.Repeat(sample+"\n", readSize/(len(sample)+1)))
	each := readSize / (len(sample) + 1)
	b.ReportAllocs()
	b.SetBytes(int64(len(sample) + 1))
	b.ResetTimer()
	for n := 0; n < b.N; n += each {
		if o, _ := c.digest(&s, data); o != waiting || len(c.kept) > 0 {
			b.Fatal(o, len(c.kept))
		}
	}
}

// BenchmarkUDP and BenchmarkTCP send over loopback. Their figures are those of
// sender and receiver, whichever is slower.
func BenchmarkUDP(b *testing.B) {
	r, c := benchReceiver(b, "udp")
	conn := dialBench(b, r)
	const window = 1000 // fits the receive buffer
	data := []byte(sample)
	b.ReportAllocs()
	b.ResetTimer()
	for n := range int64(b.N) {
		for n-c.n.Load() >= window {
			time.Sleep(10 * time.Microsecond)
		}
		if _, err := conn.Write(data); err != nil {
			b.Fatal(err)
		}
	}
	awaitBench(b, c)
}

func BenchmarkTCP(b *testing.B) {
	r, c := benchReceiver(b, "tcp")
	conn := dialBench(b, r)
	const each = 600
	data := []byte(strings.Repeat(sample+"\n", each))
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += each {
		if _, err := conn.Write(data[:min(each, b.N-n)*(len(sample)+1)]); err != nil {
			b.Fatal(err)
		}
	}
	awaitBench(b, c)
}

// BenchmarkConnection is one connection for each message.
func BenchmarkConnection(b *testing.B) {
	r, c := benchReceiver(b, "tcp")
	addr := netip.MustParseAddrPort(strings.TrimPrefix(r.Stats().Listeners[0].Address, "tcp://"))
	b.ReportAllocs()
	for range b.N {
		conn, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(addr))
		if err != nil {
			b.Fatal(err)
		}
		conn.Write([]byte(sample))
		conn.Close()
	}
	awaitBench(b, c)
}

func dialBench(b *testing.B, r *Receiver) net.Conn {
	network, addr, _ := strings.Cut(r.Stats().Listeners[0].Address, "://")
	conn, err := net.Dial(network, addr)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	return conn
}

func awaitBench(b *testing.B, c *counter) {
	for c.n.Load() < int64(b.N) {
		time.Sleep(10 * time.Microsecond)
	}
	b.StopTimer()
}
