package main

import (
	"os"
	"path/filepath"
	"testing"
)

// A machine of these tests neither sees nor changes the system around it. Its systemd may well
// clean up all that it can reach.
func TestMachineIsApart(t *testing.T) {
	t.Parallel()
	m := startMachine(t, nil)
	canary := filepath.Join(t.TempDir(), "canary")
	if err := os.WriteFile(canary, []byte("alive"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := m.read(canary); got != "" {
		t.Errorf("a file of this system is there: %q", got)
	}
	for _, path := range []string{"/usr/bin/canary", "/usr/local/canary", "/lib/canary", "/sys/canary", "/proc/sys/canary", "/proc/sys/kernel/pid_max", "/proc/sys/fs/file-max"} {
		if out, err := m.command("sh", "-c", `: >>"$0"`, path).CombinedOutput(); err == nil {
			t.Errorf("%s can be written to: %s", path, out)
		}
	}
	if out, err := m.command("sh", "-c", `: >/tmp/canary && : >/var/tmp/canary && : >/run/canary && : >/etc/canary`).CombinedOutput(); err != nil {
		t.Errorf("in a place of its own: %v %s", err, out)
	}
	for _, path := range []string{"/tmp/canary", "/var/tmp/canary", "/run/canary", "/etc/canary"} {
		if _, err := os.Lstat(path); err == nil {
			t.Errorf("%s has come to this system", path)
			os.Remove(path)
		}
	}
}
