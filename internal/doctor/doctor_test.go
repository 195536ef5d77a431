package doctor

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/fstest"
)

// usual is a machine on which nothing is to be done.
func usual() map[string]string {
	return map[string]string{
		"proc/sys/kernel/osrelease":                           "6.18.44-generic\n",
		"proc/self/limits":                                    "Limit   Soft Limit  Hard Limit  Units\nMax open files            1024                 524288               files     \nMax pending signals       96365                96365                signals   \n",
		"proc/self/status":                                    "Name:\tsigio\nSigQ:\t798/96365\n",
		"proc/self/cgroup":                                    "0::/system.slice/sigio.service\n",
		"proc/sys/net/core/rmem_max":                          "8388608\n",
		"proc/sys/net/core/rmem_default":                      "212992\n",
		"proc/sys/net/core/somaxconn":                         "4096\n",
		"proc/sys/net/ipv4/ip_local_port_range":               "32768\t60999\n",
		"proc/sys/net/mptcp/enabled":                          "1\n",
		"proc/sys/fs/leases-enable":                           "1\n",
		"proc/sys/fs/lease-break-time":                        "45\n",
		"sys/fs/cgroup/system.slice/sigio.service/memory.max": "max\n",
		"sys/fs/cgroup/system.slice/memory.max":               "1073741824\n",
		"sys/fs/cgroup/system.slice/sigio.service/pids.max":   "512\n",
	}
}

func examine(files map[string]string) map[string]Check {
	m := machine{files: fstest.MapFS{}}
	for path, content := range files {
		m.files.(fstest.MapFS)[path] = &fstest.MapFile{Data: []byte(content)}
	}
	found := map[string]Check{}
	for _, look := range readings {
		if c, known := look(m); known {
			found[c.Name] = c
		}
	}
	return found
}

func TestUsualMachine(t *testing.T) {
	t.Parallel()
	found := examine(usual())
	if len(found) != len(readings) {
		t.Errorf("%d of %d readings found something", len(found), len(readings))
	}
	for _, c := range found {
		if c.Status != OK || c.Fix != "" {
			t.Errorf("%s is %s with fix %q, want ok: %s", c.Name, c.Status, c.Fix, c.Value)
		}
		if c.Meaning == "" || c.Value == "" {
			t.Errorf("%+v says too little", c)
		}
	}
	for name, want := range map[string]string{
		"kernel":         "Linux 6.18.44-generic",
		"signal queue":   "96365 signals, 798 in use",
		"descriptors":    "524288",
		"receive buffer": "up to 8 MiB",
		"memory":         "1 GiB", // the group around it has less
		"threads":        "512",
		"client ports":   "32768 to 60999",
		"file leases":    "within 45 s",
	} {
		if got := found[name].Value; !strings.Contains(got, want) {
			t.Errorf("%s: %q, want it to contain %q", name, got, want)
		}
	}
}

func TestNothingToRead(t *testing.T) {
	t.Parallel()
	found := examine(nil)
	delete(found, "multipath TCP") // whose absence is an answer too
	if len(found) != 0 {
		t.Errorf("without /proc there are still %v", found)
	}
}

func TestLowLimits(t *testing.T) {
	t.Parallel()
	limits := func(row string) string { return "Limit Soft Hard Units\n" + row + "\n" }
	for _, c := range []struct {
		path, content string
		name          string
		status        Status
		fix, meaning  string
	}{
		{"proc/sys/kernel/osrelease", "3.8.13", "kernel", Fail, "newer kernel", "3.9"},
		{"proc/sys/kernel/osrelease", "4.4.0-210-generic", "kernel", Warn, "newer kernel", "SO_MEMINFO"},
		{"proc/sys/kernel/osrelease", "4.19.0", "kernel", OK, "", ""},
		{"proc/sys/kernel/osrelease", "wonderful", "kernel", Warn, "", "usual form"},
		{"proc/self/limits", limits("Max pending signals 0 0 signals"), "signal queue", Warn, "prlimit --pid $$ --sigpending=65536:65536", "works by polling"},
		{"proc/self/limits", limits("Max pending signals 16 96365 signals"), "signal queue", Warn, "ulimit -S -i 96365", "works by polling"}, // 798 are in use
		{"proc/self/limits", limits("Max pending signals 1000 unlimited signals"), "signal queue", Warn, "ulimit -S -i unlimited", "nothing is lost"},
		{"proc/self/limits", limits("Max pending signals unlimited unlimited signals"), "signal queue", OK, "", ""},
		{"proc/self/status", "SigQ:\t96365/96365", "signal queue", Warn, "prlimit", "works by polling"},
		{"proc/self/limits", limits("Max open files 64 64 files"), "descriptors", Warn, "--nofile=65536:65536", "One for each connection"},
		{"proc/sys/net/core/rmem_max", "212992", "receive buffer", Warn, "sysctl -w net.core.rmem_max=4194304", "dropped"},
		{"proc/sys/net/core/somaxconn", "128", "backlog", Warn, "sysctl -w net.core.somaxconn=4096", "accepted"},
		{"proc/sys/net/ipv4/ip_local_port_range", "60000 60999", "client ports", Warn, "ip_local_port_range=", "TIME_WAIT"},
		{"proc/sys/fs/leases-enable", "0", "file leases", Warn, "fs.leases-enable=1", "signal"},
		{"sys/fs/cgroup/memory.max", "33554432", "memory", Warn, "MemoryMax", "kernel ends"},
		{"sys/fs/cgroup/pids.max", "10", "threads", Warn, "TasksMax", "thread"},
		{"proc/sys/net/mptcp/enabled", "0", "multipath TCP", OK, "", "plain TCP"},
	} {
		files := usual()
		files[c.path] = c.content
		got := examine(files)[c.name]
		if got.Status != c.status {
			t.Errorf("%s %q: %s is %q, want %q", c.path, c.content, c.name, got.Status, c.status)
		}
		if c.fix == "" && got.Fix != "" || !strings.Contains(got.Fix, c.fix) {
			t.Errorf("%s %q: the fix is %q, want %q", c.path, c.content, got.Fix, c.fix)
		}
		if !strings.Contains(got.Meaning, c.meaning) {
			t.Errorf("%s %q: the meaning is %q, want it to contain %q", c.path, c.content, got.Meaning, c.meaning)
		}
	}
}

// A file that another kernel writes differently must not end the program.
func TestStrangeFiles(t *testing.T) {
	t.Parallel()
	for path := range usual() {
		for _, content := range []string{"", "\n", "-1", "99999999999999999999999", "max", "Max pending signals", "Max open files many more", "a\tb", "\xff", "0::"} {
			files := usual()
			files[path] = content
			examine(files)
		}
	}
}

func TestHealthy(t *testing.T) {
	t.Parallel()
	if !Healthy([]Check{{Status: OK}, {Status: Warn}}) || Healthy([]Check{{Status: OK}, {Status: Fail}}) {
		t.Error("only a failure is unhealthy")
	}
}

func TestJSONKeys(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(Check{Name: "n", Status: Warn, Value: "v", Meaning: "m", Fix: "f"})
	want := `{"name":"n","status":"warn","value":"v","meaning":"m","fix":"f"}`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	for n, want := range map[uint64]string{0: "0 bytes", 1023: "1023 bytes", 1024: "1 KiB", 212992: "208 KiB", 1572864: "1.5 MiB", unlimited: "unlimited"} {
		if got := size(n); got != want {
			t.Errorf("size(%d) is %q, want %q", n, got, want)
		}
	}
}
