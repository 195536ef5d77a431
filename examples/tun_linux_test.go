package examples_test

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// The interface lives in a network of its own. When it is switched on, the kernel
// asks for IPv6 routers by itself.
func TestTun(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root makes networks: not a test without")
	}
	if _, err := os.Stat("/proc/net/if_inet6"); err != nil {
		t.Skip("no IPv6 here, so that nothing is sent by itself")
	}
	cmd := exec.Command(path(t, "tun"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	p := start(t, cmd)
	line := p.next(p.errs)
	if strings.Contains(line, "/dev/net/tun") || strings.Contains(line, "TUNSETIFF") {
		t.Skipf("this kernel makes no such interface here: %s", line)
	}
	if !strings.Contains(line, "watching sigio0") {
		t.Fatalf("said %q", line)
	}
	if packet := p.next(p.out); !strings.HasPrefix(packet, "IPv6, ") {
		t.Errorf("printed %q", packet)
	}
	p.stop()
}
