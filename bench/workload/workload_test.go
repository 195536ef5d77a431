package workload

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/bench/load"
	"github.com/seed-067c1534/sigio/bench/peer/httpserver"
)

// The loads must notice what a bad server does; a good one is in each table, too.

func job(t *testing.T, address net.Addr) *load.Job {
	t.Helper()
	return &load.Job{
		Address: netip.MustParseAddrPort(address.String()), PID: os.Getpid(), Duration: 50 * time.Millisecond,
		Size: 64, Active: 4, Rate: 0, Most: 2000,
	}
}

// tcpServer calls f for each connection, with the connection's number.
func tcpServer(t *testing.T, f func(n int, c net.Conn)) net.Addr {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				f(n, c)
			}()
		}
	}()
	return l.Addr()
}

func TestEchoLoad(t *testing.T) {
	for _, c := range []struct {
		name, want string
		reply      func(k int, p []byte) []byte
	}{
		{"good", "", func(_ int, p []byte) []byte { return p }},
		{"a wrong byte", "is not as expected", func(k int, p []byte) []byte {
			if k == 5 {
				p[50]++
			}
			return p
		}},
		{"an old reply", "is not as expected", func(k int, p []byte) []byte {
			if k == 5 {
				p[8]--
			}
			return p
		}},
		{"too much", "", func(k int, p []byte) []byte {
			if k == 5 {
				return append(p, 0)
			}
			return p
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			address := tcpServer(t, func(_ int, conn net.Conn) {
				buf := make([]byte, 64, 128)
				for k := 0; ; k++ {
					if _, err := io.ReadFull(conn, buf); err != nil {
						return
					}
					if _, err := conn.Write(c.reply(k, buf)); err != nil {
						return
					}
				}
			})
			m, err := echo(job(t, address))
			want := c.want
			if c.name == "too much" { // found as the beginning of the next reply, or by itself
				if err == nil {
					t.Fatal("the load has not noticed")
				}
				return
			}
			expect(t, err, want)
			if want == "" && (m["rate"] <= 0 || m["p50"] <= 0) {
				t.Errorf("metrics: %v", m)
			}
		})
	}
}

// TestHTTPLoad has the contestant's server, and one that answers with another path once.
func TestHTTPLoad(t *testing.T) {
	for _, wrong := range []int64{-1, 50} {
		var asked atomic.Int64
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1) == wrong {
				r.URL.Path = "/x" + r.URL.Path[2:]
			}
			httpserver.Answer(w, r)
		}))
		m, err := httpGet(job(t, server.Listener.Addr()))
		server.CloseClientConnections()
		server.Close()
		if wrong > 0 {
			expect(t, err, "is not as expected")
		} else if expect(t, err, ""); m["rate"] <= 0 {
			t.Errorf("metrics: %v", m)
		}
	}
}

func TestEchoLoadSeesTheEnd(t *testing.T) {
	address := tcpServer(t, func(n int, c net.Conn) {
		if n != 2 {
			io.Copy(c, c)
		}
	})
	if _, err := echo(job(t, address)); err == nil {
		t.Fatal("a connection was closed, and the load has not noticed")
	}
}

// TestPacedEcho has a server that stands still once. All requests of that time are
// late, and must count as such.
func TestPacedEcho(t *testing.T) {
	const still = 40 * time.Millisecond
	var once sync.Once
	address := tcpServer(t, func(_ int, c net.Conn) {
		buf := make([]byte, 64)
		for k := 0; ; k++ {
			if _, err := io.ReadFull(c, buf); err != nil {
				return
			}
			if k == 150 { // the load warms up with fewer
				once.Do(func() { time.Sleep(still) })
			}
			c.Write(buf)
		}
	})
	j := job(t, address)
	j.Active, j.Rate, j.Duration = 1, 2000, 200*time.Millisecond
	m, err := echo(j)
	if err != nil {
		t.Fatal(err)
	}
	// One request in the pause would be one in 400; with those that it held up
	// it is one in five, so that p99 shows it.
	if m["p99"] < float64(still)*3/4 {
		t.Errorf("p99 is %v after a pause of %v", time.Duration(m["p99"]), still)
	}
}

// sinkServer writes what the connections send into a file, through a filter.
func sinkServer(t *testing.T, filter func(n int, line []byte) []byte) *load.Job {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	var mu sync.Mutex
	count := 0
	j := job(t, tcpServer(t, func(_ int, c net.Conn) {
		text, _ := io.ReadAll(c)
		for line := range bytes.Lines(text) {
			mu.Lock()
			file.Write(filter(count, append(bytes.TrimSuffix(line, []byte("\n")), '\n')))
			count++
			mu.Unlock()
		}
	}))
	j.File = path
	return j
}

func TestConnectLoad(t *testing.T) {
	for _, c := range []struct {
		name, want string
		filter     func(n int, line []byte) []byte
	}{
		{"good", "", func(_ int, line []byte) []byte { return line }},
		{"one is doubled", "more than once", func(n int, line []byte) []byte {
			if n == 150 {
				return append(line, line...)
			}
			return line
		}},
		{"one is changed", "not sent", func(n int, line []byte) []byte {
			if n == 150 {
				line[3]++
			}
			return line
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := sinkServer(t, c.filter)
			j.Rate = 4000
			_, err := connect(j)
			expect(t, err, c.want)
		})
	}
}

func TestComplete(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	line := make([]byte, load.MessageSize+1)
	line[load.MessageSize] = '\n'
	var all []byte
	for n := range 3 {
		load.Numbered(line, n)
		all = append(all, line...)
	}
	if err := os.WriteFile(path, all, 0o600); err != nil {
		t.Fatal(err)
	}
	expect(t, complete(path, 0, 3), "")
	expect(t, complete(path, 0, 4), "1 of 4 messages are missing")
}

func TestUDPEchoLoad(t *testing.T) {
	for _, c := range []struct {
		name, want string
		change     func(k int, p []byte)
	}{
		{"good", "", func(int, []byte) {}},
		{"a wrong byte", "is not the request", func(k int, p []byte) {
			if k == 20 {
				p[40]++
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			go func() {
				buf := make([]byte, 2048)
				for k := 0; ; k++ {
					n, from, err := conn.ReadFrom(buf)
					if err != nil {
						return
					}
					c.change(k, buf[:n])
					conn.WriteTo(buf[:n], from)
				}
			}()
			_, err = udpEcho(job(t, conn.LocalAddr()))
			expect(t, err, c.want)
		})
	}
}

// expect checks for an error with a text, or for none.
func expect(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("got %v", err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("got %v, want %q", err, want)
	}
}

// TestCases are well formed: what the table and the plots need is there.
func TestCases(t *testing.T) {
	for _, quick := range []bool{false, true} {
		seen := map[string]bool{}
		for _, c := range All(Options{Quick: quick, Duration: time.Second}) {
			if seen[c.Name] {
				t.Errorf("%s is there twice", c.Name)
			}
			seen[c.Name] = true
			if c.Group == "" || c.Run == nil || len(c.Metrics) == 0 || c.Peer == "" {
				t.Errorf("%s is incomplete", c.Name)
			}
		}
	}
}
