package netconn_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
)

// BenchmarkHTTP is net/http's server with package net and with netconn, one after the
// other, for clients that are the same for both.
func BenchmarkHTTP(b *testing.B) {
	request := []byte("GET / HTTP/1.1\r\nHost: here\r\n\r\n")
	serve := func(b *testing.B, l net.Listener) {
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "hello, world\n")
		})}
		go server.Serve(l)
		b.Cleanup(func() { server.Close() })
	}
	ask := func(conn net.Conn, r *bufio.Reader) error {
		if _, err := conn.Write(request); err != nil {
			return err
		}
		response, err := http.ReadResponse(r, nil)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, response.Body)
		return err
	}
	compare(b, serve, ask)
}

// BenchmarkEcho sends 64 bytes there and back.
func BenchmarkEcho(b *testing.B) {
	serve := func(b *testing.B, l net.Listener) {
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					defer conn.Close()
					buf := make([]byte, 4096)
					for {
						n, err := conn.Read(buf)
						if err != nil {
							return
						}
						conn.Write(buf[:n])
					}
				}()
			}
		}()
	}
	ask := func(conn net.Conn, r *bufio.Reader) error {
		var message [64]byte
		if _, err := conn.Write(message[:]); err != nil {
			return err
		}
		_, err := io.ReadFull(r, message[:])
		return err
	}
	compare(b, serve, ask)
}

func compare(b *testing.B, serve func(*testing.B, net.Listener), ask func(net.Conn, *bufio.Reader) error) {
	for _, connections := range []int{1, 10, 100, 1000} {
		for _, s := range stacks(newConfig(b)) {
			b.Run(fmt.Sprintf("connections=%d/%s", connections, s.name), func(b *testing.B) {
				l, err := s.listen("tcp", "127.0.0.1:0")
				if err != nil {
					b.Fatal(err)
				}
				defer l.Close()
				serve(b, l)
				conns := make([]net.Conn, connections)
				for i := range conns {
					if conns[i], err = net.Dial("tcp", l.Addr().String()); err != nil {
						b.Fatal(err)
					}
					defer conns[i].Close()
				}
				var group sync.WaitGroup
				b.ResetTimer()
				for i, conn := range conns {
					n := b.N / connections
					if i < b.N%connections {
						n++
					}
					group.Go(func() {
						r := bufio.NewReader(conn)
						for range n {
							if err := ask(conn, r); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				group.Wait()
				b.StopTimer()
			})
		}
	}
}
