package sys

import (
	"errors"
	"net/netip"
	"syscall"
	"testing"
)

func TestKind(t *testing.T) {
	t.Parallel()
	for _, n := range []Network{TCP, MPTCP, UDP, UnixStream, UnixSeqpacket, UnixDatagram} {
		fd, err := Socket(n, false)
		if n == MPTCP && err != nil {
			continue // the kernel may be built without it
		}
		fd = own(t, fd, err)
		if got, listening, err := Kind(fd); got != n || listening || err != nil {
			t.Errorf("a socket of kind %v: %v, listening %v, %v", n, got, listening, err)
		}
	}
	fd, err := ListenTCP(netip.MustParseAddrPort("127.0.0.1:0"), ListenOptions{})
	fd = own(t, fd, err)
	if n, listening, err := Kind(fd); n != TCP || !listening || err != nil {
		t.Errorf("a listening socket: %v, listening %v, %v", n, listening, err)
	}
	r, w, err := Pipe()
	own(t, w, err)
	if _, _, err := Kind(own(t, r, err)); !errors.Is(err, syscall.ENOTSOCK) {
		t.Errorf("a pipe: %v, want ENOTSOCK", err)
	}
}
