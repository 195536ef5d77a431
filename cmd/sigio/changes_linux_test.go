package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// kind is a socket that a service manager keeps open, and those who connect to it.
type kind struct {
	name    string
	senders int
	file    *os.File
	dial    func() (net.Conn, error)
	sent    atomic.Int64
}

// deliver sends a message by a connection of its own, and looks how that ends: in order, or cut.
func (k *kind) deliver(text string) error {
	conn, err := k.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(fatalTime))
	half := len(text) / 2
	for _, part := range []string{text[:half], text[half:]} {
		if _, err := io.WriteString(conn, part); err != nil {
			return err
		}
	}
	if err := conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		return err
	}
	if n, err := conn.Read(make([]byte, 1)); err != io.EOF {
		return fmt.Errorf("%d bytes and %v at the end, want io.EOF", n, err)
	}
	return nil
}

// While the service is reloaded with other settings and certificates, and restarted by a manager
// that keeps its sockets, again and again, nobody is refused or cut, and each message arrives
// once. With SIGIO_SOAK this goes on for 15 s.
func TestChangesRefuseNobody(t *testing.T) {
	t.Parallel()
	least, rounds := time.Duration(0), 2
	if os.Getenv("SIGIO_SOAK") != "" {
		least, rounds = 15*time.Second, 10
	}
	folder := t.TempDir()
	var certificate atomic.Int64 // the newest that a client has seen
	kinds := keptSockets(t, folder, &certificate)
	m := newManager(t, filepath.Join(folder, "notify"))
	number := int64(0)
	configure := func() {
		number++
		writeCertificate(t, folder, number)
		more := []string{"", `, "udp://127.0.0.1:0", "unix://other"`}[number%2]
		replaceFile(t, folder, "sigio.toml", `listen = ["systemd:tcp", "systemd:tls?cert=cert&key=key", "systemd:unix"`+more+"]\noutput = \"file:messages\"\nformat = \"raw\"\n")
	}
	var files []*os.File
	var names []string
	for _, k := range kinds {
		files, names = append(files, k.file), append(names, k.name)
	}
	run := func() *service {
		s := startService(t, folder, []string{"NOTIFY_SOCKET=" + m.path, "LISTEN_FDNAMES=" + strings.Join(names, ":")}, files, "--config", "sigio.toml")
		m.await("READY=1", "STATUS=", "STOPPING=", "RELOADING=")
		return s
	}
	configure()
	s := run()
	var over atomic.Bool
	var senders sync.WaitGroup
	began := time.Now()
	for _, k := range kinds {
		for i := range k.senders {
			senders.Go(func() {
				for n := 0; !over.Load(); n++ {
					if err := k.deliver(fmt.Sprintf("%s %d %d\n", k.name, i, n)); err != nil {
						t.Errorf("connection %d of sender %d by %s: %v", n, i, k.name, err)
						over.Store(true)
						return
					}
					k.sent.Add(1)
				}
			})
		}
	}
	reloads, restarts := 0, 0
	for restarts < rounds || time.Since(began) < least && !over.Load() {
		for range 3 {
			configure()
			s.Process.Signal(syscall.SIGHUP)
			m.await("READY=1", "STATUS=", "RELOADING=")
			reloads++
			goOn(t, kinds, &over, func() bool { return certificate.Load() == number })
		}
		configure()
		s.stop(t)
		s = run()
		restarts++
		goOn(t, kinds, &over, func() bool { return certificate.Load() == number })
	}
	over.Store(true)
	senders.Wait()
	took := time.Since(began).Seconds()
	want := 0
	for _, k := range kinds {
		want += int(k.sent.Load())
		t.Logf("%s: %d connections at %.0f/s", k.name, k.sent.Load(), float64(k.sent.Load())/took)
	}
	waitUntil(t, fmt.Sprintf("%d messages", want), func() bool { return countLines(folder, "messages") >= want })
	s.stop(t)
	if seen := lineSet(t, filepath.Join(folder, "messages")); len(seen) != want || countLines(folder, "messages") != want {
		t.Errorf("%d different messages, %d in all, of %d", len(seen), countLines(folder, "messages"), want)
	}
	if log := s.log(); strings.Contains(log, "warning") {
		t.Error("there were warnings")
	}
	t.Logf("%d connections at %.0f/s over %d reloads and %d restarts", want, float64(want)/took, reloads, restarts)
}

// goOn waits until each kind has been used some more, and then for done.
func goOn(t *testing.T, kinds []*kind, over *atomic.Bool, done func() bool) {
	t.Helper()
	before := map[*kind]int64{}
	for _, k := range kinds {
		before[k] = k.sent.Load()
	}
	waitUntil(t, "more connections", func() bool {
		return over.Load() || done() && !slices.ContainsFunc(kinds, func(k *kind) bool { return k.sent.Load() < before[k]+20 })
	})
}

// keptSockets opens what is passed to the service.
func keptSockets(t *testing.T, folder string, certificate *atomic.Int64) []*kind {
	t.Helper()
	kinds := []*kind{{name: "tcp", senders: 8}, {name: "tls", senders: 4}, {name: "unix", senders: 4}}
	for _, k := range kinds {
		network, address := "tcp", "127.0.0.1:0"
		if k.name == "unix" {
			network, address = "unix", filepath.Join(folder, "socket")
		}
		listener, err := net.Listen(network, address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { listener.Close() })
		if k.file, err = listener.(interface{ File() (*os.File, error) }).File(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { k.file.Close() })
		address = listener.Addr().String()
		k.dial = func() (net.Conn, error) { return net.DialTimeout(network, address, fatalTime) }
		if k.name == "tls" {
			k.dial = func() (net.Conn, error) {
				conn, err := tls.DialWithDialer(&net.Dialer{Timeout: fatalTime}, "tcp", address, &tls.Config{InsecureSkipVerify: true})
				if err != nil {
					return nil, err // not a *tls.Conn that is nil
				}
				number := conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
				for old := certificate.Load(); old < number && !certificate.CompareAndSwap(old, number); old = certificate.Load() {
				}
				return conn, nil
			}
		}
	}
	return kinds
}

// replaceFile writes a file as a whole.
func replaceFile(t *testing.T, folder, name, content string) {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := errors.Join(os.WriteFile(path+".new", []byte(content), 0o600), os.Rename(path+".new", path)); err != nil {
		t.Fatal(err)
	}
}

// lineSet returns the different lines of a file.
func lineSet(t *testing.T, path string) []string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(content)) {
		seen[line] = true
	}
	return slices.Collect(maps.Keys(seen))
}
