package main

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sys"
)

// screen is a terminal, and all that was written to it.
type screen struct {
	t     *testing.T
	slave *os.File

	mu      sync.Mutex
	written bytes.Buffer
	more    chan struct{}
}

func newScreen(t *testing.T) *screen {
	masterFD, slaveFD, err := sys.OpenPTY()
	if err != nil {
		t.Fatal(err)
	}
	master := os.NewFile(uintptr(masterFD), "master")
	s := &screen{t: t, slave: os.NewFile(uintptr(slaveFD), "slave"), more: make(chan struct{}, 1)}
	t.Cleanup(func() { s.slave.Close(); master.Close() })
	go func() {
		for b := make([]byte, 4096); ; {
			n, err := master.Read(b)
			s.mu.Lock()
			s.written.Write(b[:n])
			s.mu.Unlock()
			select {
			case s.more <- struct{}{}:
			default:
			}
			if err != nil {
				return
			}
		}
	}()
	return s
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.written.String()
}

// await waits until pattern was written.
func (s *screen) await(pattern string) []string {
	s.t.Helper()
	expression := regexp.MustCompile(pattern)
	deadline := time.After(fatalTime)
	for {
		if found := expression.FindStringSubmatch(s.text()); found != nil {
			return found
		}
		select {
		case <-s.more:
		case <-deadline:
			s.t.Fatalf("waited %v for %q; the screen has %q", fatalTime, pattern, s.text())
		}
	}
}

// start runs sigio on the screen.
func (s *screen) start(environment []string, args ...string) *exec.Cmd {
	s.t.Helper()
	path, err := exec.LookPath("sigio")
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), append([]string{"TERM=xterm", "NO_COLOR="}, environment...)...)
	cmd.Stdout, cmd.Stderr = s.slave, s.slave
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { cmd.Process.Kill() })
	return cmd
}

// A terminal shows each message at once, and every three seconds that sigio still
// waits, on a line that a message takes the place of.
func TestWaitingLine(t *testing.T) {
	t.Parallel()
	s := newScreen(t)
	server := s.start(nil, "serve", "--listen", "tcp://127.0.0.1:0")
	url := s.await(`listening on (tcp://127\.0\.0\.1:\d+)`)[1]
	s.await(`\r\x1b\[Kwaiting: received 0, 0 connections open$`)
	if err := exec.Command(server.Path, "send", "--to", url, "--user", "u", "on a terminal").Run(); err != nil {
		t.Fatal(err)
	}
	s.await(`connections? open\r\x1b\[K[-0-9]+ [:0-9]+ u: on a terminal\r\n`)
	server.Process.Signal(syscall.SIGINT)
	s.await(`terminal\r\n(\r\x1b\[Kwaiting: received 1, [^\r\n]*\r\x1b\[K)*sigio serve: stopping`) // some, if that took seconds
	if err := server.Wait(); err != nil {
		t.Error(err)
	}
}

// A terminal that knows no control sequences gets none.
func TestDumbTerminal(t *testing.T) {
	t.Parallel()
	s := newScreen(t)
	server := s.start([]string{"TERM=dumb"}, "serve", "--listen", "tcp://127.0.0.1:0")
	url := s.await(`listening on (tcp://127\.0\.0\.1:\d+)`)[1]
	if err := exec.Command(server.Path, "send", "--to", url, "--user", "u", "hello").Run(); err != nil {
		t.Fatal(err)
	}
	s.await(`u: hello\r\n`)
	server.Process.Signal(syscall.SIGTERM)
	if err := server.Wait(); err != nil {
		t.Error(err)
	}
	s.await(`received 1 = delivered 1`)
	if text := s.text(); strings.Contains(text, "\x1b") {
		t.Errorf("a dumb terminal got %q", text)
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	s := newScreen(t)
	server := s.start(nil, "serve", "--listen", "udp://127.0.0.1:0")
	url := s.await(`listening on (udp://127\.0\.0\.1:\d+)`)[1]
	client := newScreen(t)
	if err := client.start(nil, "send", "--to", url, "--count", "7", "--rate", "5", "x").Wait(); err != nil {
		t.Error(err)
	}
	client.await(`\r\x1b\[Ksent [1-7] of 7 \(\d+%\), failed 0, \d+ a second`)
	client.await(`\r\x1b\[Ksent 7 messages to udp://.*\r\n`)
	server.Process.Signal(syscall.SIGTERM)
	if err := server.Wait(); err != nil {
		t.Error(err)
	}
}

func TestColour(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		environment []string
		args        []string
		want        bool
	}{
		{nil, []string{"trace", "--list"}, true},
		{[]string{"NO_COLOR=1"}, []string{"trace", "--list"}, false},
		{[]string{"TERM=dumb"}, []string{"trace", "--list"}, false},
		{nil, []string{"trace", "--list", "--color", "never"}, false},
		{[]string{"NO_COLOR=1"}, []string{"trace", "--list", "--color", "always"}, true},
	} {
		s := newScreen(t)
		if err := s.start(c.environment, c.args...).Wait(); err != nil {
			t.Errorf("%v: %v", c.args, err)
		}
		s.await(`shows one of them happen`)
		if got := strings.Contains(s.text(), "\x1b["); got != c.want {
			t.Errorf("%v %v: colour is %v, want %v", c.environment, c.args, got, c.want)
		}
	}
}

// Live, each signal is shown as it comes, and the message that came of it.
func TestTraceLive(t *testing.T) {
	t.Parallel()
	s := newScreen(t)
	tracer := s.start([]string{"NO_COLOR=1"}, "trace", "--listen", "tcp://127.0.0.1:0")
	url := s.await(`listening on (tcp://127\.0\.0\.1:\d+)`)[1]
	if err := exec.Command(tracer.Path, "send", "--to", url, "--user", "u", "seen").Run(); err != nil {
		t.Fatal(err)
	}
	s.await(`SIGRTMIN\+6 \(40\)  POLL_IN \(1\)  fd \d+  band IN\|RDNORM \(0x41\)\r\n *listening socket, TCP 127`)
	s.await(`message: .* u: seen\r\n`)
	tracer.Process.Signal(syscall.SIGINT)
	s.await(`received 1 = delivered 1 \+ rejected 0`)
	if err := tracer.Wait(); err != nil {
		t.Error(err)
	}
}

func TestTraceLiveJSON(t *testing.T) {
	t.Parallel()
	s := newScreen(t)
	tracer := s.start(nil, "trace", "--listen", "udp://127.0.0.1:0", "--format", "json")
	url := s.await(`listening on (udp://127\.0\.0\.1:\d+)`)[1]
	if err := exec.Command(tracer.Path, "send", "--to", url, "--user", "u", "seen").Run(); err != nil {
		t.Fatal(err)
	}
	s.await(`{"at":"[^"]*","signal":{"signal":"SIGRTMIN\+6","code":"POLL_IN",[^}]*},"descriptor":"socket, UDP 127[^"]*","meaning":"[^"]*"}\r\n`)
	s.await(`{"at":"[^"]*","message":"[^"]* u: seen"}\r\n`)
	tracer.Process.Signal(syscall.SIGTERM)
	if err := tracer.Wait(); err != nil {
		t.Error(err)
	}
}
