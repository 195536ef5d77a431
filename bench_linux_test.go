package sigio_test

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sys"
)

// BenchmarkSignal is about the way from an event in the kernel to a handler's call:
// the kernel's sending of the signal, and the loop's taking it, are a part of it. A
// batch is that many descriptors that become ready while the loop is busy.
func BenchmarkSignal(b *testing.B) {
	for _, n := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("batch=%d", n), func(b *testing.B) {
			round := signalRounds(b, n)
			round()
			b.ReportAllocs()
			b.ResetTimer()
			for done := 0; done < b.N; done += n {
				round()
			}
		})
	}
}

func TestSignalsDoNotAllocate(t *testing.T) {
	for _, n := range []int{1, 16, 256} {
		round := signalRounds(t, n)
		round()
		if allocs := testing.AllocsPerRun(100, round); allocs != 0 {
			t.Errorf("batches of %d: %v allocations", n, allocs)
		}
	}
}

// signalRounds returns a function that makes n pipes readable and waits until all
// have been read.
func signalRounds(tb testing.TB, n int) (round func()) {
	l := newLoop(tb, sigio.Options{Verify: -1})
	writers := make([]int, n)
	calls, done := 0, make(chan bool)
	read := sigio.HandlerFunc(func(w *sigio.Watch, _ sigio.Event) sigio.Result {
		var p [8]byte
		if k, err := sys.Read(w.FD(), p[:]); k == 1 && err == nil {
			if calls++; calls == n {
				calls = 0
				done <- true
			}
		}
		return sigio.Drained
	})
	for i := range writers {
		var reader int
		reader, writers[i] = pipe(tb)
		watch(tb, l, reader, read)
	}
	write := func() {
		for _, fd := range writers {
			sys.Write(fd, []byte("x"))
		}
	}
	return func() {
		l.Post(write) // on the loop, so that it takes them in one batch
		<-done
	}
}

// BenchmarkEcho is a server that sends back 64 bytes, on a loop and with package
// net, to the same clients, which wait for each answer.
func BenchmarkEcho(b *testing.B) {
	for _, connections := range []int{1, 100} {
		for _, server := range []struct {
			name  string
			start func(testing.TB) netip.AddrPort
		}{{"sigio", echoOnLoop}, {"net", echoWithNet}} {
			b.Run(fmt.Sprintf("%s/connections=%d", server.name, connections), func(b *testing.B) {
				addr := server.start(b)
				clients := make([]net.Conn, connections)
				for i := range clients {
					var err error
					if clients[i], err = net.Dial("tcp", addr.String()); err != nil {
						b.Fatal(err)
					}
					defer clients[i].Close()
					ask(b, clients[i], 1)
				}
				b.ReportAllocs()
				b.ResetTimer()
				var all sync.WaitGroup
				for i, c := range clients {
					all.Go(func() { ask(b, c, (b.N+i)/connections) })
				}
				all.Wait()
			})
		}
	}
}

// ask sends a message n times and waits for each answer.
func ask(tb testing.TB, c net.Conn, n int) {
	message := make([]byte, 64)
	for range n {
		if _, err := c.Write(message); err != nil {
			tb.Error(err)
			return
		}
		if _, err := io.ReadFull(c, message); err != nil {
			tb.Error(err)
			return
		}
	}
}

func echoOnLoop(tb testing.TB) netip.AddrPort {
	var connections []int
	tb.Cleanup(func() { // after the end of the loop
		for _, fd := range connections {
			sys.Close(fd)
		}
	})
	l := newLoop(tb, sigio.Options{})
	listener, addr := listen(tb, sys.TCP)
	echo := sigio.HandlerFunc(func(w *sigio.Watch, _ sigio.Event) sigio.Result {
		var p [4096]byte
		for {
			n, err := sys.Recv(w.FD(), p[:])
			if n > 0 {
				sys.Send(w.FD(), p[:n])
			}
			if n < len(p) && n > 0 {
				continue
			}
			if n == 0 && err == nil {
				w.Close()
			}
			return sigio.Drained
		}
	})
	watch(tb, l, listener, sigio.HandlerFunc(func(w *sigio.Watch, _ sigio.Event) sigio.Result {
		for {
			c, _, err := sys.Accept(w.FD())
			if err != nil {
				return sigio.Drained
			}
			connections = append(connections, c)
			sys.SetNoDelay(c, true) // as package net does
			if _, err := l.Watch(c, echo); err != nil {
				tb.Error(err)
			}
		}
	}))
	return addr
}

func echoWithNet(tb testing.TB) netip.AddrPort {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for p := make([]byte, 4096); ; {
					n, err := c.Read(p)
					if err != nil {
						return
					}
					c.Write(p[:n])
				}
			}()
		}
	}()
	return listener.Addr().(*net.TCPAddr).AddrPort()
}
