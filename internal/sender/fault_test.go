package sender_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sender"
)

func TestLongLine(t *testing.T) {
	t.Parallel()
	for _, excess := range []int{1, 100} {
		to, streams := tcp(t)
		in := "one\n" + strings.Repeat("x", sender.MaxLine) + "\n" + strings.Repeat("x", sender.MaxLine+excess) + "\nfour\n"
		r, err := sender.Run(t.Context(), sender.Config{Target: to, Lines: strings.NewReader(in)})
		if err == nil || !strings.Contains(err.Error(), "line 3 is longer than 1048576 bytes") || r.Sent != 2 {
			t.Fatalf("%+v, %.200v", r, err)
		}
		for range 2 {
			<-streams
		}
	}
}

type brokenReader struct{ io.Reader }

var errBroken = errors.New("broken")

func (r brokenReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err == io.EOF {
		err = errBroken
	}
	return n, err
}

// The lines before the error are sent, whichever of the workers has them.
func TestReaderFails(t *testing.T) {
	t.Parallel()
	to, next := udp(t)
	for range 30 {
		r, err := sender.Run(t.Context(), sender.Config{
			Target: to, Lines: brokenReader{strings.NewReader("one\ntwo\n")}, Connections: 2,
		})
		if !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "line 3") || r.Sent != 2 {
			t.Fatalf("%+v, %v", r, err)
		}
		next()
		next()
	}
}

// A message that ends the run ends it though other workers wait for lines.
func TestOversizedLineEndsAllWorkers(t *testing.T) {
	t.Parallel()
	to, _ := udp(t)
	pr, pw := io.Pipe()
	defer pw.Close() // ends the reading goroutine
	go io.WriteString(pw, strings.Repeat("x", sender.MaxDatagram)+"\n")
	ctx, cancel := context.WithTimeout(t.Context(), fatal)
	defer cancel()
	if _, err := sender.Run(ctx, sender.Config{Target: to, Lines: pr, Connections: 3}); err == nil || ctx.Err() != nil {
		t.Fatal(err)
	}
}

// Each datagram to a closed port is a failure, though the kernel says so only at the next one, and
// after the last one not at all.
func TestRefusedDatagrams(t *testing.T) {
	t.Parallel()
	for _, count := range []int{1, 2, 50} {
		r := send(t, sender.Config{Target: closedPort(t, "udp"), Count: count, Connections: min(count, 2)}, 0, count)
		if r.Failures["connection refused"] != count || !errors.Is(r.Err(), syscall.ECONNREFUSED) {
			t.Fatalf("%+v", r)
		}
	}
}

func TestRefusedConnections(t *testing.T) {
	t.Parallel()
	for _, keep := range []bool{false, true} {
		r := send(t, sender.Config{Target: closedPort(t, "tcp"), Count: 20, Connections: 3, KeepOpen: keep}, 0, 20)
		if r.Failures["connection refused"] != 20 || !errors.Is(r.First, syscall.ECONNREFUSED) || r.Bytes != 0 {
			t.Fatalf("%+v", r)
		}
		if want := "20 of 20 messages"; !strings.Contains(r.Err().Error(), want) {
			t.Fatalf("%v does not say %q", r.Err(), want)
		}
	}
}

// A server that closes a kept connection is noticed and connected to anew.
func TestKeepOpenConnectsAnew(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan int)
	go func() {
		n := 0
		for {
			c, err := l.Accept()
			if err != nil {
				accepted <- n
				return
			}
			n++
			io.ReadFull(c, make([]byte, 1))
			c.(*net.TCPConn).SetLinger(0) // reset
			c.Close()
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), fatal)
	defer cancel()
	r, err := sender.Run(ctx, sender.Config{
		Target: sender.Target{Network: "tcp", Address: l.Addr().String()}, Count: 500, Rate: 5000, KeepOpen: true,
	})
	if err != nil || r.Sent+r.Failed != 500 || r.Failed == 0 || r.Sent == 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	l.Close()
	if n := <-accepted; n < 10 {
		t.Fatalf("%d connections", n)
	}
}

// silent accepts nothing and reads nothing: the kernel completes a few connections, and what is
// written to them stops when the buffers are full.
func silent(t *testing.T) sender.Target {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return sender.Target{Network: "tcp", Address: l.Addr().String()}
}

func TestContextInterruptsWrite(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan struct{})
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		io.ReadFull(c, make([]byte, 1))
		cancel() // in the middle of a Write that needs a reader
		<-done
	}()
	start := time.Now()
	to := sender.Target{Network: "tcp", Address: l.Addr().String()}
	r, err := sender.Run(ctx, sender.Config{Target: to, Text: strings.Repeat("x", 8<<20), Timeout: fatal})
	close(done)
	if !errors.Is(err, context.Canceled) || r.Failed != 0 || r.Sent != 0 || time.Since(start) > fatal/2 {
		t.Fatalf("%+v, %v", r, err)
	}
}

// endless is a reader of lines without end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return copy(p, "line\n"), nil }

func TestContextInterruptsBetweenMessages(t *testing.T) {
	t.Parallel()
	to, _ := udp(t)
	for i := range 50 {
		ctx, cancel := context.WithCancel(t.Context())
		cfg := sender.Config{Target: to, Count: 1000, Progress: func(int, int, time.Duration) { cancel() }}
		if i%2 == 0 {
			cfg.Lines = endless{}
		}
		if r, err := sender.Run(ctx, cfg); !errors.Is(err, context.Canceled) || r.Sent != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
	}
}

func TestContextInterruptsRead(t *testing.T) {
	t.Parallel()
	to, next := udp(t)
	pr, pw := io.Pipe()
	defer pw.Close() // ends the reading goroutine
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		io.WriteString(pw, "one\n")
		next()
		cancel()
	}()
	r, err := sender.Run(ctx, sender.Config{Target: to, Lines: pr})
	if !errors.Is(err, context.Canceled) || r.Sent > 1 || r.Failed != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
}

func TestContextInterruptsRate(t *testing.T) {
	t.Parallel()
	to, _ := udp(t)
	for _, withDeadline := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		if withDeadline {
			ctx, cancel = context.WithTimeout(ctx, 50*time.Millisecond)
		}
		defer cancel()
		r, err := sender.Run(ctx, sender.Config{Target: to, Count: 2, Rate: 0.001, Progress: func(int, int, time.Duration) {
			if !withDeadline {
				cancel()
			}
		}})
		if err == nil || !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) || r.Sent != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
	}
}

// A context that ends after the last message has interrupted nothing.
func TestContextAfterTheEnd(t *testing.T) {
	t.Parallel()
	to, streams := tcp(t)
	ctx, cancel := context.WithCancel(t.Context())
	r, err := sender.Run(ctx, sender.Config{Target: to, Progress: func(int, int, time.Duration) { cancel() }})
	if err != nil || r.Sent != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	<-streams
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	r := send(t, sender.Config{Target: silent(t), Text: strings.Repeat("x", 8<<20), Timeout: 50 * time.Millisecond}, 0, 1)
	if r.Failures["timed out"] != 1 {
		t.Fatalf("%+v", r)
	}
}
