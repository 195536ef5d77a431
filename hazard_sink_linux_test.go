package sigio_test

import (
	"net/netip"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/internal/sys"
)

// The hazards are situations in which signal-driven I/O is known to go wrong. Each
// has a test of its own, TestHazardNN, against the running kernel, whose comment
// says how the engine was broken on purpose, and what the test said then.

// sink is a handler that keeps the contract: it reads all there is, ignores what
// is not there, and closes its watch at the end of the stream.
type sink struct {
	socket bool // then it reads in a way that cannot block, whatever the descriptor's mode

	calls, bytes, ends, errors atomic.Int64
}

func (s *sink) Ready(w *sigio.Watch, _ sigio.Event) sigio.Result {
	s.calls.Add(1)
	read := sys.Read
	if s.socket {
		read = sys.Recv
	}
	var p [4096]byte
	for {
		n, err := read(w.FD(), p[:])
		switch {
		case err == syscall.EAGAIN:
			return sigio.Drained
		case err != nil:
			s.errors.Add(1)
			w.Close()
			return sigio.Drained
		case n == 0:
			s.ends.Add(1)
			w.Close()
			return sigio.Drained
		}
		s.bytes.Add(int64(n))
	}
}

// await waits until the sink has read n bytes.
func (s *sink) await(t testing.TB, n int64) {
	t.Helper()
	sigtest.Until(t, "what was sent", func() bool { return s.bytes.Load() >= n })
	if got := s.bytes.Load(); got != n {
		t.Errorf("read %d bytes of %d", got, n)
	}
}

// settle returns when everything that was queued for the loop before has been
// dispatched: the second function runs in a turn that began after the first.
func settle(t testing.TB, l *sigio.Loop) {
	t.Helper()
	for range 2 {
		if err := l.Do(func() {}); err != nil {
			t.Fatal(err)
		}
	}
}

// pipe returns a pipe that is closed at the end of the test.
func pipe(t testing.TB) (r, w int) {
	t.Helper()
	r, w, err := sys.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sys.Close(r); sys.Close(w) })
	return r, w
}

func send(t testing.TB, fd int, data string) {
	t.Helper()
	if n, err := sys.Write(fd, []byte(data)); n != len(data) {
		t.Fatalf("wrote %d bytes of %d: %v", n, len(data), err)
	}
}

// tcpPair returns two connected sockets.
func tcpPair(t testing.TB, network sys.Network) (client, server int) {
	t.Helper()
	listener, addr := listen(t, network)
	client = dial(t, network, addr)
	sigtest.Until(t, "the connection", func() bool {
		var err error
		server, _, err = sys.Accept(listener)
		return err == nil
	})
	t.Cleanup(func() { sys.Close(server) })
	return client, server
}

func listen(t testing.TB, network sys.Network) (fd int, addr netip.AddrPort) {
	t.Helper()
	fd, err := sys.ListenTCP(netip.MustParseAddrPort("127.0.0.1:0"), sys.ListenOptions{Multipath: network == sys.MPTCP})
	if err != nil && network == sys.MPTCP {
		t.Skip("no MPTCP here: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sys.Close(fd) })
	if addr, err = sys.LocalAddr(fd); err != nil {
		t.Fatal(err)
	}
	return fd, addr
}

func dial(t testing.TB, network sys.Network, addr netip.AddrPort) int {
	t.Helper()
	fd, err := sys.Socket(network, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sys.Close(fd) })
	if err := sys.Connect(fd, addr); err != nil && err != syscall.EINPROGRESS {
		t.Fatal(err)
	}
	return fd
}

// fill writes until there is no room.
func fill(t testing.TB, fd int) (n int64) {
	t.Helper()
	block := make([]byte, 4096)
	for {
		k, err := sys.Write(fd, block)
		if err == syscall.EAGAIN {
			return n
		}
		if err != nil {
			t.Fatal(err)
		}
		n += int64(k)
	}
}
