package sys

import (
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestReceiveBufferIsReadBack(t *testing.T) {
	t.Parallel()
	fd, _, _ := udpPair(t)
	const asked = 1 << 20
	granted, err := SetReceiveBuffer(fd, asked)
	must(t, err)
	now, err := ReceiveBuffer(fd)
	must(t, err)
	if granted != now {
		t.Errorf("returned %d, getsockopt says %d", granted, now)
	}
	if os.Geteuid() == 0 && granted != 2*asked {
		t.Errorf("privileged, asked for %d, granted %d: SO_RCVBUFFORCE was not tried first", asked, granted)
	}
}

func TestResetOnClose(t *testing.T) {
	t.Parallel()
	client, server := connected(t, loopback4)
	must(t, ResetOnClose(client))
	closeEarly(t, client)
	await(t, server, unix.POLLIN)
	if _, err := Recv(server, make([]byte, 1)); err != syscall.ECONNRESET {
		t.Errorf("Recv = %v", err)
	}
	if _, err := Send(server, []byte("x")); err != syscall.EPIPE {
		t.Errorf("Send = %v", err)
	}
}

func TestErrorQueue(t *testing.T) {
	t.Parallel()
	gone, sender, to := udpPair(t)
	must(t, ReportErrors(sender))
	closeEarly(t, gone)
	if _, err := SendTo(sender, []byte("lost"), to); err != nil {
		t.Fatal(err)
	}
	await(t, sender, unix.POLLERR)
	buf := make([]byte, 16)
	if n, err := RecvErrorQueue(sender, buf); string(buf[:n]) != "lost" || err != nil {
		t.Errorf("%q, %v", buf[:n], err)
	}
	if _, err := RecvErrorQueue(sender, buf); err != syscall.EAGAIN {
		t.Errorf("second: %v", err)
	}
}
