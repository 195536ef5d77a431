package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// serviceLog is where a service in a machine says what it says.
const serviceLog = "/var/log/sigio"

// shipped returns the files of dist as they are installed, and where the service's log is to be.
func shipped(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{"/etc/systemd/system/sigio.service.d/log.conf": "[Service]\nStandardError=append:" + serviceLog + "\n"}
	for name, folder := range map[string]string{"sigio.service": "/etc/systemd/system", "sigio.socket": "/etc/systemd/system", "sigio.toml": "/etc/sigio"} {
		content, err := os.ReadFile(filepath.Join("..", "..", "dist", name))
		if err != nil {
			t.Fatal(err)
		}
		files[folder+"/"+name] = string(content)
	}
	return files
}

// Under a real systemd, the service does what its unit says: it starts, confined, is reloaded and
// restarted under load while its manager keeps the sockets, and ends. Nobody is refused, and no
// message is lost.
func TestSystemd(t *testing.T) {
	t.Parallel()
	m := startMachine(t, shipped(t))
	m.must("enable", "--now", "sigio.socket", "sigio.service") // until it says that it is ready
	if state, text := m.property("ActiveState"), m.property("StatusText"); state != "active" || !strings.HasPrefix(text, "listening on ") || !strings.Contains(text, ":8888") {
		t.Errorf("%s, %q", state, text)
	}
	checkConfined(t, m)

	guests := m.visit()
	first := m.property("MainPID")
	for i := range 3 {
		guests.more(100)
		m.must("reload", "sigio.service")
		waitUntil(t, "the reload", func() bool { return strings.Count(m.read(serviceLog), "settings loaded") > i })
	}
	waitUntil(t, "the end of the reload", func() bool { return m.property("ActiveState") == "active" })
	if now := m.property("MainPID"); now != first {
		t.Errorf("after a reload it is process %s, was %s", now, first)
	}
	for range 6 { // more often than systemd lets a service start in ten seconds, unless told
		guests.more(100)
		before := m.property("MainPID")
		m.must("restart", "sigio.service")
		if now := m.property("MainPID"); now == before || now == "0" {
			t.Errorf("after a restart it is process %s, was %s", now, before)
		}
	}
	guests.more(100)
	want := guests.end()
	m.awaitMessages(want)
	m.must("stop", "sigio.socket", "sigio.service")
	if got := m.messages(); got != want {
		t.Errorf("%d messages, want %d", got, want)
	}
	if result, status, restarts := m.property("Result"), m.property("ExecMainStatus"), m.property("NRestarts"); result != "success" || status != "0" || restarts != "0" {
		t.Errorf("the end: %s, exit code %s, %s restarts", result, status, restarts)
	}
	if log := m.read(serviceLog); strings.Contains(log, "warning") || strings.Contains(log, "cannot") {
		t.Errorf("it warned:\n%s", log)
	}
	t.Logf("%d messages", want)
}

// messages counts those in the file of the shipped settings.
func (m *machine) messages() int {
	return strings.Count(m.read("/var/lib/sigio/messages.log"), "\n")
}

func (m *machine) awaitMessages(n int) {
	m.t.Helper()
	waitUntil(m.t, fmt.Sprintf("%d messages", n), func() bool { return m.messages() >= n })
}

// checkConfined looks at what the kernel says about the running service.
func checkConfined(t *testing.T, m *machine) {
	t.Helper()
	pid := m.property("MainPID")
	status := m.read("/proc/" + pid + "/status")
	for _, want := range []string{"\nNoNewPrivs:\t1\n", "\nSeccomp:\t2\n", "\nCapEff:\t0000000000000400\n", "\nCapBnd:\t0000000000000400\n"} {
		if !strings.Contains(status, want) {
			t.Errorf("no %q in its status", want)
		}
	}
	if strings.Contains(status, "\nUid:\t0\t") {
		t.Error("it runs as root")
	}
	// Root in a container may not exceed the container's own limit.
	var here unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_SIGPENDING, &here); err != nil {
		t.Fatal(err)
	}
	limits := strings.Join(strings.Fields(m.read("/proc/"+pid+"/limits")), " ")
	if !strings.Contains(limits, "Max pending signals 262144 262144") && !strings.Contains(limits, fmt.Sprintf("Max pending signals %[1]d %[1]d", here.Max)) {
		t.Errorf("limits: %s", limits)
	}
}

// A service that cannot start, since its settings are wrong, is tried again and again. Meanwhile
// nobody is refused, and what was sent arrives once they are right.
func TestSystemdWrongSettings(t *testing.T) {
	t.Parallel()
	files := shipped(t)
	right := files["/etc/sigio/sigio.toml"]
	files["/etc/sigio/sigio.toml"] = strings.Replace(right, "listen =", "listn =", 1)
	m := startMachine(t, files)
	m.ctl("start", "sigio.service").Run() // it fails, and is right to pull in its socket
	const want = 100                      // fewer than may wait
	for i := range want {
		var failed error
		if i%50 == 0 { // a new start between them
			fails := strings.Count(m.read(serviceLog), "there is no setting")
			waitUntil(t, "another start", func() bool { return strings.Count(m.read(serviceLog), "there is no setting") > fails })
		}
		err := m.inside(func() { failed = deliverOnce("127.0.0.1:8888", fmt.Sprintf("patient %d\n", i)) })
		if err = errors.Join(err, failed); err != nil {
			t.Fatal(err)
		}
	}
	cmd := m.command("tee", "/etc/sigio/sigio.toml")
	cmd.Stdin = strings.NewReader(right)
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the service", func() bool { return m.property("ActiveState") == "active" })
	m.awaitMessages(want)
	t.Logf("%d messages after %s restarts", want, m.property("NRestarts"))
}

// A service that hangs gives its watchdog no sign of life, and is started anew; one that does not
// goes on.
func TestSystemdWatchdog(t *testing.T) {
	t.Parallel()
	files := shipped(t)
	files["/etc/systemd/system/sigio.service.d/soon.conf"] = "[Service]\nWatchdogSec=4s\n" // less than the unit's, and more than a program may have to wait for a processor
	m := startMachine(t, files)
	m.must("start", "sigio.service")
	seen := map[string]bool{}
	waitUntil(t, "signs of life", func() bool {
		seen[m.property("WatchdogTimestampMonotonic")] = true
		return len(seen) > 4 // more than fit in the time that it allows
	})
	first := m.property("MainPID")
	if restarts := m.property("NRestarts"); restarts != "0" {
		t.Fatalf("%s restarts while it lives", restarts)
	}
	if out, err := m.command("kill", "-STOP", first).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	waitUntil(t, "a new start", func() bool {
		now := m.property("MainPID")
		return now != first && now != "0" && m.property("NRestarts") != "0" && m.property("ActiveState") == "active"
	})
}

// visitors are senders in a machine, each of whose messages has a connection of its own, and one
// that sends datagrams.
type visitors struct {
	m       *machine
	over    atomic.Bool
	sent    atomic.Int64
	senders sync.WaitGroup
}

func (m *machine) visit() *visitors {
	c := &visitors{m: m}
	for i := range 3 {
		c.inside(func(n int) error { return deliverOnce("127.0.0.1:8888", fmt.Sprintf("tcp %d %d\n", i, n)) })
	}
	pace := time.NewTicker(time.Millisecond)
	m.t.Cleanup(pace.Stop)
	c.inside(func(n int) error {
		<-pace.C
		conn, err := net.Dial("udp", "127.0.0.1:8888")
		if err != nil {
			return err
		}
		defer conn.Close()
		_, err = fmt.Fprintf(conn, "udp %d", n)
		return err
	})
	return c
}

// inside calls f again and again until the end.
func (c *visitors) inside(f func(n int) error) {
	c.senders.Go(func() {
		err := c.m.inside(func() {
			for n := 0; !c.over.Load(); n++ {
				if err := f(n); err != nil {
					c.m.t.Errorf("message %d: %v", n, err)
					c.over.Store(true)
					return
				}
				c.sent.Add(1)
			}
		})
		if err != nil {
			c.m.t.Error(err)
		}
	})
}

// more waits until n more messages have been sent.
func (c *visitors) more(n int64) {
	c.m.t.Helper()
	before := c.sent.Load()
	waitUntil(c.m.t, "more messages", func() bool { return c.over.Load() || c.sent.Load() > before+n })
}

// end ends all, and returns how many messages were sent.
func (c *visitors) end() int {
	c.over.Store(true)
	c.senders.Wait()
	return int(c.sent.Load())
}
