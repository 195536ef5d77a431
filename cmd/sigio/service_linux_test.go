package main

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// service is a sigio serve that is run as a service manager does.
type service struct {
	*exec.Cmd
	folder string
	ended  chan error
}

// startService runs serve. Sockets are what it is passed, all with the name "in" unless env has
// other names.
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
	cmd := exec.Command("sh", append([]string{"-c", `LISTEN_PID=$$ exec "$0" serve "$@"`, sigio}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	if len(sockets) > 0 {
		cmd.ExtraFiles = sockets
		names := "LISTEN_FDNAMES=" + strings.TrimSuffix(strings.Repeat("in:", len(sockets)), ":")
		cmd.Env = slices.Concat(os.Environ(), []string{"LISTEN_FDS=" + strconv.Itoa(len(sockets)), names}, env) // the last one counts
	}
	return startCommand(t, folder, cmd)
}

// startCommand starts what becomes a sigio serve. Its log is in folder.
func startCommand(t *testing.T, folder string, cmd *exec.Cmd) *service {
	t.Helper()
	s := &service{Cmd: cmd, folder: folder, ended: make(chan error, 1)}
	s.Dir = folder
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
