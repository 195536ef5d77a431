package sys

import (
	"errors"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestLoopSocketsHearThemselves(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func() (int, error){"netlink": NetlinkLoop, "packet": PacketLoop} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fd, err := open()
			if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
				t.Skip("needs CAP_NET_RAW: ", err)
			}
			own(t, fd, err)
			for _, text := range []string{"one message", "and another"} {
				if _, err := Send(fd, []byte(text)); err != nil {
					t.Fatal(err)
				}
				// Another process may use the same protocol on the same device.
				for got := ""; got != text; {
					await(t, fd, unix.POLLIN)
					buf := make([]byte, 64)
					n, err := Recv(fd, buf)
					must(t, err)
					got = string(buf[:n])
				}
			}
		})
	}
}

func TestZeroCopyReportsCompletion(t *testing.T) {
	t.Parallel()
	receiver, sender, to := udpPair(t)
	must(t, Connect(sender, to))
	if err := AllowZeroCopy(sender); err != nil {
		t.Skip("no SO_ZEROCOPY: ", err)
	}
	p := make([]byte, 8192)
	if _, err := SendZeroCopy(sender, p); err != nil {
		t.Fatal(err)
	}
	await(t, sender, unix.POLLERR)
	if _, err := RecvErrorQueue(sender, make([]byte, 16)); err != nil {
		t.Error(err)
	}
	if n, err := Recv(receiver, make([]byte, 8192)); n != 8192 || err != nil {
		t.Error(n, err)
	}
}
