package sender_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sender"
)

// unixAddresses are a path and an abstract name.
func unixAddresses(t *testing.T) []string {
	dir := t.TempDir()
	return []string{filepath.Join(dir, "s"), fmt.Sprintf("@sigio-test-%d%s", os.Getpid(), dir)}
}

func TestUnix(t *testing.T) {
	t.Parallel()
	for _, keep := range []bool{false, true} {
		for _, address := range unixAddresses(t) {
			to, streams := streamsAt(t, must(net.Listen("unix", address)))
			if to.Address != address {
				t.Fatal(to)
			}
			r := send(t, sender.Config{Target: to, Text: "x", Number: true, Count: 100, Connections: 2, KeepOpen: keep}, 100, 0)
			seen, n := make(map[int]bool), 0
			for len(seen) < 100 {
				b := <-streams
				n += len(b)
				for l := range strings.Lines(string(b)) {
					sequence(t, seen, decode(t, []byte(l)), "x")
				}
			}
			if int(r.Bytes) != n {
				t.Errorf("%d bytes came, %d were counted", n, r.Bytes)
			}
		}
	}
}

// unixgram listens at address and hands out each datagram.
func unixgram(t *testing.T, address string) (conn *net.UnixConn, next func() string) {
	t.Helper()
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	buf := make([]byte, 1<<18)
	return c, func() string {
		t.Helper()
		c.SetReadDeadline(time.Now().Add(fatal))
		n, err := c.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
}

// The sender waits for one that reads slowly: the kernel queues a few datagrams only.
func TestUnixDatagrams(t *testing.T) {
	t.Parallel()
	for _, address := range unixAddresses(t) {
		_, next := unixgram(t, address)
		to := sender.Target{Network: "unixgram", Address: address}
		done := make(chan struct{})
		go func() {
			defer close(done)
			seen := make(map[int]bool)
			for range 300 {
				sequence(t, seen, decode(t, []byte(next())), "x")
			}
		}()
		send(t, sender.Config{Target: to, Text: "x", Number: true, Count: 300, Connections: 3}, 300, 0)
		<-done
	}
}

// A receiver that is started again is connected to anew. What fails meanwhile is counted.
func TestUnixDatagramsAfterRestart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	first, next := unixgram(t, path)
	steps := []func(){
		func() { next(); first.Close(); os.Remove(path) },
		func() { _, next = unixgram(t, path) },
	}
	r := send(t, sender.Config{Target: sender.Target{Network: "unixgram", Address: path}, Text: "x", Count: 4, Progress: func(int, int, time.Duration) {
		if len(steps) > 0 {
			steps[0]()
			steps = steps[1:]
		}
	}}, 3, 1)
	if r.Failures["connection refused"] != 1 {
		t.Errorf("%+v", r)
	}
	next()
	next()
}

func TestUnixFailures(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	for _, network := range []string{"unix", "unixgram"} {
		r := send(t, sender.Config{Target: sender.Target{Network: network, Address: path}, Count: 2}, 0, 2)
		if r.Failures["no such file or directory"] != 2 {
			t.Errorf("%s: %+v", network, r)
		}
	}
	unixgram(t, path)
	r := send(t, sender.Config{Target: sender.Target{Network: "unix", Address: path}}, 0, 1)
	if !strings.Contains(r.First.Error(), "wrong type for socket") {
		t.Errorf("%+v", r)
	}
	// One that nobody reads, and one that is too large.
	to := sender.Target{Network: "unixgram", Address: path}
	ctx, cancel := context.WithTimeout(t.Context(), fatal)
	defer cancel()
	r, err := sender.Run(ctx, sender.Config{Target: to, Count: 1e6, Timeout: 50 * time.Millisecond, Progress: func(_, failed int, _ time.Duration) {
		if failed > 0 {
			cancel()
		}
	}})
	if r.Failures["timed out"] != 1 || r.Sent == 0 {
		t.Errorf("%+v, %v", r, err)
	}
	r = send(t, sender.Config{Target: to, Text: strings.Repeat("x", 16<<20)}, 0, 1)
	if r.Failures["message too long"] != 1 {
		t.Errorf("%+v", r)
	}
}

// TestAckOverUnix has the receiver away at first: the sender comes again.
func TestAckOverUnix(t *testing.T) {
	t.Parallel()
	for _, address := range unixAddresses(t) {
		to := ackerAt(t, must(net.Listen("unix", address)),
			func(*bufio.Scanner, net.Conn) {},
			func(in *bufio.Scanner, out net.Conn) {
				fmt.Fprint(out, "ack 0\n")
				ids(t, in, 3)
				fmt.Fprint(out, "ack 3\n")
				in.Scan()
			})
		r, err := runAcked(t, sender.Config{Target: to, Text: "x", Count: 3})
		if err != nil || r.Sent != 3 || r.Failed != 0 {
			t.Errorf("%+v, %v", r, err)
		}
	}
}
