package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// manager is the socket of a service manager.
type manager struct {
	t    *testing.T
	conn *net.UnixConn
	path string
}

func newManager(t *testing.T, path string) *manager {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &manager{t, conn, path}
}

// await returns the next notification that begins with prefix, and fails if one comes before that
// begins with anything but one of between.
func (m *manager) await(prefix string, between ...string) string {
	m.t.Helper()
	m.conn.SetReadDeadline(time.Now().Add(fatalTime))
	for buf := make([]byte, 4096); ; {
		n, err := m.conn.Read(buf)
		if err != nil {
			m.t.Fatalf("no %s: %v", prefix, err)
		}
		text := string(buf[:n])
		if strings.HasPrefix(text, prefix) {
			return text
		}
		if !slices.ContainsFunc(between, func(b string) bool { return strings.HasPrefix(text, b) }) {
			m.t.Fatalf("%q came, want %s", text, prefix)
		}
	}
}

// has takes a notification, if one has come.
func (m *manager) has() (found bool) {
	m.t.Helper()
	raw, err := m.conn.SyscallConn()
	if err != nil {
		m.t.Fatal(err)
	}
	err = raw.Control(func(fd uintptr) {
		_, _, err := unix.Recvfrom(int(fd), make([]byte, 4096), unix.MSG_DONTWAIT)
		found = err == nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return found
}

// What a service manager is told: when it is ready, reloads, has signs of life, and ends.
func TestNotify(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"path", "abstract"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			path := filepath.Join(folder, "notify")
			if kind == "abstract" {
				path = fmt.Sprintf("@sigio-notify-%d-%d", os.Getpid(), time.Now().UnixNano())
			}
			m := newManager(t, path)
			s := startService(t, folder, []string{"NOTIFY_SOCKET=" + path, "WATCHDOG_USEC=1000000", "WATCHDOG_PID="},
				nil, "--listen", "tcp://127.0.0.1:0")
			if text := m.await("READY=1\n", "WATCHDOG="); !strings.Contains(text, "\nSTATUS=listening on tcp://127.0.0.1:") || !strings.Contains(text, "received 0") {
				t.Errorf("%q", text)
			}
			for range 3 {
				m.await("WATCHDOG=1", "STATUS=")
			}
			s.Process.Signal(syscall.SIGHUP)
			text := m.await("RELOADING=1\n", "STATUS=", "WATCHDOG=")
			usec, err := strconv.ParseInt(strings.TrimPrefix(text, "RELOADING=1\nMONOTONIC_USEC="), 10, 64)
			if up := uptime(t); err != nil || usec <= 0 || time.Duration(usec)*time.Microsecond > up+time.Minute {
				t.Errorf("%q, while the machine is up for %v", text, up)
			}
			m.await("READY=1\n", "STATUS=", "WATCHDOG=")
			s.Process.Signal(syscall.SIGTERM)
			m.await("STOPPING=1\n", "STATUS=", "WATCHDOG=")
			s.wait(t)
		})
	}
}

func uptime(t *testing.T) time.Duration {
	content, err := os.ReadFile("/proc/uptime")
	if err != nil {
		t.Fatal(err)
	}
	seconds, err := strconv.ParseFloat(strings.Fields(string(content))[0], 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(seconds * float64(time.Second))
}

// The watchdog hears nothing while a loop hangs, and something again afterwards.
func TestWatchdogChecks(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notify")
	m := newManager(t, path)
	n := newNotifier(environment{"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "40000"}.get)
	defer n.close()
	hangs := make(chan bool, 1)
	hangs <- false
	var asked atomic.Int32
	alive := func(ctx context.Context) error {
		asked.Add(1)
		hang := <-hangs
		hangs <- hang
		if hang {
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	warned := make(chan string, 100)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		n.guard(ctx, alive, func(text string) { warned <- text })
	}()
	m.await("WATCHDOG=1")
	<-hangs
	hangs <- true
	select {
	case <-warned:
	case <-time.After(fatalTime):
		t.Fatal("nobody is warned")
	}
	// All that was said before the warning has come by now; then there is silence.
	for m.has() {
	}
	for range 3 {
		<-warned
	}
	if m.has() {
		t.Error("a sign of life while nothing lives")
	}
	<-hangs
	hangs <- false
	m.await("WATCHDOG=1")
	cancel()
	<-ended
}

type environment map[string]string

func (e environment) get(name string) string { return e[name] }

// Nothing is told where nobody listens, or what is told is meant for another process.
func TestNoManager(t *testing.T) {
	t.Parallel()
	for _, e := range []environment{{}, {"NOTIFY_SOCKET": "vsock:2:1"}, {"NOTIFY_SOCKET": "/nowhere/notify"}} {
		n := newNotifier(e.get)
		n.ready("x")
		n.guard(t.Context(), func(context.Context) error { t.Error("asked"); return nil }, nil)
		if n.close(); n.wanted() {
			t.Errorf("%v: wanted", e)
		}
	}
	path := filepath.Join(t.TempDir(), "notify")
	newManager(t, path)
	n := newNotifier(environment{"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}.get)
	defer n.close()
	if !n.wanted() || n.watchdog != 0 {
		t.Errorf("wanted %v, watchdog %v", n.wanted(), n.watchdog)
	}
}
