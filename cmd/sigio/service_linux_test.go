package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
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

// service is a sigio serve that is run as a service manager does.
type service struct {
	*exec.Cmd
	folder string
	ended  chan error
}

// startService runs serve. Sockets are what it is passed, all with the name "in".
func startService(t *testing.T, folder string, env []string, sockets []*os.File, args ...string) *service {
	t.Helper()
	return startAs(t, "sigio", folder, env, sockets, args...)
}

// startAs runs serve by another of the names that TestMain knows.
func startAs(t *testing.T, name, folder string, env []string, sockets []*os.File, args ...string) *service {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The name by which testscript's TestMain knows it; the shell knows the process's number.
	sigio := filepath.Join(folder, name)
	if err := os.Symlink(self, sigio); err != nil && !errors.Is(err, os.ErrExist) {
		t.Fatal(err)
	}
	s := &service{Cmd: exec.Command("sh", append([]string{"-c", `LISTEN_PID=$$ exec "$0" serve "$@"`, sigio}, args...)...), folder: folder, ended: make(chan error, 1)}
	s.Dir = folder
	s.Env = append(os.Environ(), env...)
	if len(sockets) > 0 {
		s.ExtraFiles = sockets
		s.Env = append(s.Env, "LISTEN_FDS="+strconv.Itoa(len(sockets)), "LISTEN_FDNAMES="+strings.TrimSuffix(strings.Repeat("in:", len(sockets)), ":"))
	}
	log, err := os.OpenFile(filepath.Join(folder, "log"), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	s.Stdout, s.Stderr = log, log
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.ended <- s.Wait() }()
	t.Cleanup(func() {
		s.Process.Kill()
		if t.Failed() {
			t.Logf("log:\n%s", s.log())
		}
	})
	return s
}

func (s *service) log() string {
	content, _ := os.ReadFile(filepath.Join(s.folder, "log"))
	return string(content)
}

func (s *service) stop(t *testing.T) {
	t.Helper()
	s.Process.Signal(syscall.SIGTERM)
	s.wait(t)
}

func (s *service) wait(t *testing.T) {
	t.Helper()
	select {
	case err := <-s.ended:
		if err != nil {
			t.Fatalf("serve ended with %v", err)
		}
	case <-time.After(fatalTime):
		t.Fatal("serve does not end")
	}
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
			s := startService(t, folder, []string{"NOTIFY_SOCKET=" + path, "WATCHDOG_USEC=200000", "WATCHDOG_PID="},
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
			m.await("READY=1\n", "WATCHDOG=")
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
	m.conn.SetReadDeadline(time.Now())
	for err := error(nil); err == nil; {
		_, err = m.conn.Read(make([]byte, 100))
	}
	for range 3 {
		<-warned
	}
	m.conn.SetReadDeadline(time.Now())
	if n, err := m.conn.Read(make([]byte, 100)); err == nil {
		t.Errorf("a sign of life (%d bytes) while nothing lives", n)
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

func TestPassedSockets(t *testing.T) {
	t.Parallel()
	open := func(fd uintptr, name string) *os.File { return nil }
	me := strconv.Itoa(os.Getpid())
	for _, c := range []struct {
		e    environment
		want map[string]int
	}{
		{environment{}, nil},
		{environment{"LISTEN_PID": "1", "LISTEN_FDS": "2"}, nil},
		{environment{"LISTEN_PID": me, "LISTEN_FDS": "x"}, nil},
		{environment{"LISTEN_PID": me, "LISTEN_FDS": "2"}, map[string]int{"unknown": 2}},
		{environment{"LISTEN_PID": me, "LISTEN_FDS": "3", "LISTEN_FDNAMES": "a:b:a"}, map[string]int{"a": 2, "b": 1}},
		{environment{"LISTEN_PID": me, "LISTEN_FDS": "2", "LISTEN_FDNAMES": "a"}, map[string]int{"a": 1, "unknown": 1}},
	} {
		got := map[string]int{}
		for name, files := range passed(c.e.get, open) {
			got[name] = len(files)
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) && len(got)+len(c.want) > 0 {
			t.Errorf("%v: %v, want %v", c.e, got, c.want)
		}
	}
}

// While a service is restarted again and again, whose socket its manager keeps open, nobody is
// refused, and every message arrives.
func TestRestartLosesNothing(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	datagrams, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer datagrams.Close()
	datagramSocket, err := datagrams.File()
	if err != nil {
		t.Fatal(err)
	}
	defer datagramSocket.Close()
	folder := t.TempDir()
	m := newManager(t, filepath.Join(folder, "notify"))
	run := func() *service {
		s := startService(t, folder, []string{"NOTIFY_SOCKET=" + m.path}, []*os.File{socket, datagramSocket}, "--output", "file:messages", "--format", "raw")
		m.await("READY=1", "STATUS=", "STOPPING=")
		return s
	}
	var over atomic.Bool
	var sent atomic.Int64
	var senders sync.WaitGroup
	began := time.Now()
	for i := range 4 {
		senders.Go(func() {
			for n := 0; !over.Load(); n++ {
				if err := deliverOnce(listener.Addr().String(), fmt.Sprintf("tcp %d %d\n", i, n)); err != nil {
					t.Errorf("connection %d of sender %d: %v", n, i, err)
					return
				}
				sent.Add(1)
			}
		})
	}
	udpSent := 0
	senders.Go(func() {
		conn, err := net.Dial("udp", datagrams.LocalAddr().String())
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		pace := time.NewTicker(time.Millisecond)
		defer pace.Stop()
		for ; !over.Load(); udpSent++ {
			if _, err := fmt.Fprintf(conn, "udp %d", udpSent); err != nil {
				t.Error(err)
				return
			}
			<-pace.C
		}
	})
	const restarts = 5
	s := run()
	for range restarts {
		before := sent.Load()
		waitUntil(t, "300 more connections", func() bool { return sent.Load() > before+300 })
		s.stop(t)
		s = run()
	}
	over.Store(true)
	senders.Wait()
	rate := float64(sent.Load()) / time.Since(began).Seconds()
	want := int(sent.Load()) + udpSent
	waitUntil(t, fmt.Sprintf("%d messages", want), func() bool { return countLines(folder, "messages") >= want })
	s.stop(t)
	content, err := os.ReadFile(filepath.Join(folder, "messages"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(content)) {
		if seen[line] {
			t.Errorf("twice: %q", line)
		}
		seen[line] = true
	}
	if len(seen) != want {
		t.Errorf("%d different messages of %d", len(seen), want)
	}
	t.Logf("%d connections at %.0f/s over %d restarts, %d datagrams", sent.Load(), rate, restarts, udpSent)
}

func countLines(folder, name string) int {
	content, _ := os.ReadFile(filepath.Join(folder, name))
	return strings.Count(string(content), "\n")
}

func deliverOnce(address, text string) error {
	conn, err := net.DialTimeout("tcp", address, fatalTime)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(fatalTime))
	_, err = conn.Write([]byte(text))
	return err
}

// waitUntil waits for a condition.
func waitUntil(t *testing.T, what string, done func() bool) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.After(fatalTime); !done(); {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("waited %v for %s", fatalTime, what)
		}
	}
}
