package scenario

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The queue of a Unix datagram socket holds 10 datagrams by default, and 512 where systemd has set
// it: more than fill one sender's buffer. It is a limit of the network namespace, so the
// test makes one.
func TestDatagramQueueOfAnyLength(t *testing.T) {
	const length, variable = "/proc/sys/net/unix/max_dgram_qlen", "SIGIO_TEST_QUEUE"
	if want := os.Getenv(variable); want != "" {
		if err := os.WriteFile(length, []byte(want), 0o644); err != nil {
			t.Skipf("this kernel or container lets nobody set %s: %v", length, err)
		}
		raiseLoopback(t)
		s, err := Find("unix-datagram-queue-full")
		if err != nil {
			t.Fatal(err)
		}
		r, err := Run(t.Context(), s)
		if err != nil || !r.Matched() {
			t.Errorf("%v %q\n%s", err, r.Mismatch, transcript(r))
		}
		return
	}
	for _, want := range []string{"1", "512", "2000"} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), variable+"="+want)
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
		out, err := cmd.CombinedOutput()
		switch {
		case os.IsPermission(err):
			t.Skipf("this kernel or container makes no network namespace: %v", err)
		case err != nil:
			t.Errorf("with a queue of %s: %v\n%s", want, err, out)
		case strings.Contains(string(out), "--- SKIP"):
			t.Skipf("%s", out)
		}
	}
}

// raiseLoopback switches on the loopback interface of a new network namespace (netdevice(7)).
func raiseLoopback(t *testing.T) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	loopback, err := unix.NewIfreq("lo")
	if err != nil {
		t.Fatal(err)
	}
	loopback.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, loopback); err != nil {
		t.Fatal(err)
	}
}
