//go:build linux

package examples_test

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// The program behind docs/why-the-single-threaded-server-loses.md: what stands on
// sigio loses nothing, and what is naive does.
func TestBurst(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds, which -short does not have")
	}
	out, err := exec.Command(path(t, "burst"), "-settle", "300ms", "-bin", directory).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("\n%s", out)
	lost := map[string]int{} // by server, in all bursts
	for line := range strings.Lines(string(out)) {
		name, rest, found := strings.Cut(strings.TrimSpace(line), "  ")
		fields := strings.Fields(rest)
		if !found || len(fields) < 5 || fields[0] == "sent" {
			continue
		}
		n, err := strconv.Atoi(fields[2])
		if err != nil {
			t.Fatalf("cannot read %q", line)
		}
		lost[name] += n
		// A datagram that the kernel dropped never reached the program.
		if ours := !strings.Contains(name, " ") || name == "sigio serve"; ours && n > 0 {
			if dropped := strconv.Itoa(n) + " dropped by the kernel"; !strings.Contains(rest, dropped) {
				t.Errorf("a loss that is not explained: %s", line)
			}
		}
	}
	if len(lost) != 9 {
		t.Errorf("%d servers, want 9: %v", len(lost), lost)
	}
	for _, name := range []string{"naive udp", "naive tcp", "naive threads", "halfway realtime"} {
		if lost[name] == 0 {
			t.Errorf("%s has lost nothing", name)
		}
	}
	if lost["halfway drain"] != 0 {
		t.Errorf("halfway drain has lost %d", lost["halfway drain"])
	}
}
