package receiver_test

import (
	"net"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/receiver"
	"golang.org/x/sys/unix"
)

// A peer that does not answer any more, as one whose machine has gone: its socket lets
// no packet in, and so sends no reset either.
func TestDeadPeer(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes 4 s (-short)")
	}
	eachWay(t, func(t *testing.T, c receiver.Config) {
		t.Parallel()
		c.DeadPeerTimeout, c.IdleTimeout = 4*time.Second, -1
		c.Listen = []string{"tcp://127.0.0.1:0"}
		s := newSink()
		r := start(t, s, c)
		alive, dead := dial(t, r, "tcp"), dial(t, r, "tcp")
		send(t, alive, "alive\n")
		send(t, dead, "dead\n")
		awaitCount(t, s, 2)
		raw, err := dead.(*net.TCPConn).SyscallConn()
		must(t, err)
		must(t, raw.Control(func(fd uintptr) {
			nothing := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K}}
			err = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &nothing[0]})
		}))
		must(t, err)
		begin := time.Now()
		awaitStats(t, r, "the end of one", func(s receiver.Stats) bool { return s.Connections.Closed[receiver.EndReset] == 1 })
		if d := time.Since(begin); d < 2*time.Second {
			t.Errorf("given up after %v", d)
		}
		send(t, alive, "still alive\n")
		awaitCount(t, s, 3)
	})
}
