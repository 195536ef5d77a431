package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

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
	if err := datagrams.SetReadBuffer(4 << 20); err != nil { // as dist/sigio.socket has it
		t.Fatal(err)
	}
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
	var sent, datagramsAllowed atomic.Int64
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
	var udpSent int64
	senders.Go(func() {
		conn, err := net.Dial("udp", datagrams.LocalAddr().String())
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		pace := time.NewTicker(time.Millisecond)
		defer pace.Stop()
		for !over.Load() {
			if <-pace.C; udpSent == datagramsAllowed.Load() {
				continue
			}
			if _, err := fmt.Fprintf(conn, "udp %d", udpSent); err != nil {
				t.Error(err)
				return
			}
			udpSent++
		}
	})
	const restarts = 5
	s := run()
	for range restarts {
		before := sent.Load()
		waitUntil(t, "300 more connections", func() bool { return t.Failed() || sent.Load() > before+300 })
		datagramsAllowed.Add(200) // less than the kernel keeps while nobody reads, however long that is
		s.stop(t)
		s = run()
	}
	over.Store(true)
	senders.Wait()
	rate := float64(sent.Load()) / time.Since(began).Seconds()
	want := int(sent.Load() + udpSent)
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

// Systemd-socket-activate(1) waits until somebody comes, and then becomes the service. Who made it
// start is served, by each kind of socket.
func TestSocketActivate(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"systemd-socket-activate", "logger", "nc"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip(name + " is not installed")
		}
	}
	for _, c := range []struct {
		kind, option string
		clients      [2][]string // of the port and of the path; the first starts the service
	}{
		{"streams", "--listen", [2][]string{{"logger", "-n", "127.0.0.1", "--tcp", "--octet-count", "-P"}, {"nc", "-N", "-U"}}},
		{"datagrams", "--datagram", [2][]string{{"logger", "-n", "127.0.0.1", "--udp", "-P"}, {"logger", "--socket"}}},
	} {
		t.Run(c.kind, func(t *testing.T) {
			t.Parallel()
			s, port := activate(t, c.option)
			path := filepath.Join(s.folder, "socket")
			if strings.Contains(s.log(), "sigio serve") {
				t.Fatal("it has started before anybody came")
			}
			for i, client := range c.clients {
				at := []string{port, path}[i]
				cmd := exec.Command(client[0], append(client[1:], at)...)
				text := "message " + strconv.Itoa(i)
				if cmd.Stdin = strings.NewReader("<13>tag: " + text); client[0] == "logger" {
					cmd.Args, cmd.Stdin = append(cmd.Args, "-t", "tag", text), nil
				}
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%s: %v %s", cmd, err, out)
				}
			}
			waitUntil(t, "the messages", func() bool { return countLines(s.folder, "messages") == 2 || len(s.ended) > 0 })
			s.stop(t)
			content, _ := os.ReadFile(filepath.Join(s.folder, "messages"))
			for i := range c.clients {
				if !strings.Contains(string(content), fmt.Sprintf("message %d", i)) {
					t.Errorf("no message %d in %q", i, content)
				}
			}
		})
	}
}

// activate runs a service by systemd-socket-activate, with a port and a path.
func activate(t *testing.T, option string) (s *service, port string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		folder := t.TempDir()
		sigio := filepath.Join(folder, "sigio")
		if err := os.Symlink(self, sigio); err != nil {
			t.Fatal(err)
		}
		// It does not tell which port the kernel chose, so one is chosen that is free now.
		free, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ = net.SplitHostPort(free.Addr().String())
		free.Close()
		args := []string{"--listen", "127.0.0.1:" + port, "--listen", filepath.Join(folder, "socket"), "--fdname=in:in"}
		if option != "--listen" {
			args = append([]string{option}, args...)
		}
		s = startCommand(t, folder, exec.Command("systemd-socket-activate", append(args, sigio, "serve", "--listen", "systemd:in", "--input", "syslog", "--output", "file:messages")...))
		waitUntil(t, "systemd-socket-activate", func() bool {
			return strings.Count(s.log(), "Listening on") == 2 || len(s.ended) > 0
		})
		if !strings.Contains(s.log(), "Address already in use") {
			return s, port
		}
	}
	t.Fatal("each port was taken")
	return nil, ""
}
