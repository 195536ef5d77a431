package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sender"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/internal/sys"
)

// served is a sigio serve in a process of its own.
type served struct {
	process
	log *os.File
}

// startServe starts it and waits until it listens.
func startServe(t *testing.T, log string, args ...string) *served {
	t.Helper()
	f, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	from, _ := f.Seek(0, io.SeekEnd)
	cmd := exec.Command("sigio", append([]string{"serve"}, args...)...)
	cmd.Stderr = f
	s := &served{process{cmd: cmd}, f}
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.kill() })
	sigtest.Until(t, "the server to listen", func() bool {
		select {
		case <-s.ended:
			content, _ := os.ReadFile(log)
			t.Fatalf("it has ended, %v:\n%s", s.err, content[from:])
		default:
		}
		content, _ := os.ReadFile(log)
		return strings.Contains(string(content[from:]), "listening on")
	})
	return s
}

func (s *served) kill() {
	s.cmd.Process.Kill()
	<-s.ended
	s.log.Close()
}

func (s *served) stop(t *testing.T) {
	t.Helper()
	s.cmd.Process.Signal(syscall.SIGTERM)
	<-s.ended
	if s.err != nil {
		content, _ := os.ReadFile(s.log.Name())
		t.Errorf("serve: %v\n%s", s.err, content)
	}
}

// reservePort returns an address that nobody gets but who asks for it: something is bound to it
// until release, which does not listen.
func reservePort() (address netip.AddrPort, release func(), err error) {
	fd, err := sys.Reserve(sys.TCP, netip.MustParseAddrPort("127.0.0.1:0"), sys.ListenOptions{})
	if err != nil {
		return address, nil, err
	}
	address, err = sys.LocalAddr(fd)
	return address, func() { sys.Close(fd) }, err
}

// freePort returns an address that stays free for the test: a server that is started again needs
// the same.
func freePort(t *testing.T) string {
	t.Helper()
	address, release, err := reservePort()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return address.String()
}

// moments is how often a test does something at a random moment.
func moments(short int) int {
	if os.Getenv("SIGIO_SOAK") != "" {
		return 200
	}
	return short
}

// killRate is how many messages each sender sends a second: more than a program with the race detector
// can store is only for long runs.
func killRate() float64 {
	if os.Getenv("SIGIO_SOAK") != "" {
		return 1500
	}
	return 400
}

// killSenders are two for each kind of stream.
const killSenders = 6

// TestKillLosesNothingAcknowledged kills serve at random moments under load, of senders over TCP, TLS and
// a Unix socket. Every message that was acknowledged is in each output afterwards, once in those that keep
// ids, in the order of its sender.
func TestKillLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	stream := "nats://" + startNATS(t).host() + "/LOGS.app"
	authority := sigtest.NewAuthority(t)
	cert, key := authority.Issue("server", nil)
	files := sender.TLS{CA: authority.File}
	files.Cert, files.Key = authority.Issue("client", nil)
	targets := []sender.Target{
		{Network: "tcp", Address: freePort(t)},
		{Network: "tls", Address: freePort(t), TLS: files},
		{Network: "unix", Address: filepath.Join(dir, "s.sock")},
	}
	log, stats := filepath.Join(dir, "log"), filepath.Join(dir, "stats")
	args := []string{"--listen", targets[0].String(), "--listen", targets[2].String(),
		"--listen", fmt.Sprintf("%s?cert=%s&key=%s&client-ca=%s", targets[1], cert, key, authority.File), "--spool", filepath.Join(dir, "spool"), "--fsync", "always",
		"--stats", stats,
		"--output", "sqlite:" + filepath.Join(dir, "x.db"), "--output", stream + "?window=1h",
		"--output", "file:" + filepath.Join(dir, "x.jsonl") + "?format=json"}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var sending sync.WaitGroup
	var acked [killSenders]atomic.Int64
	var stopping atomic.Bool
	for i := range killSenders {
		in, out := io.Pipe()
		sending.Go(func() { // lines until the test has seen enough
			for !stopping.Load() {
				if _, err := out.Write(fmt.Appendf(nil, "a message of sender %d\n", i)); err != nil {
					return
				}
			}
			out.Close()
		})
		sending.Go(func() {
			defer in.Close()
			r, err := sender.Run(ctx, sender.Config{
				Target: targets[i%len(targets)], User: fmt.Sprint("sender", i), Lines: in, Number: true,
				Ack: true, Rate: killRate(), Timeout: sigtest.Fatal,
				Progress: func(sent, _ int, _ time.Duration) { acked[i].Store(int64(sent)) },
			})
			if err != nil || r.Failed > 0 {
				t.Errorf("sender %d: %+v %v", i, r, err)
			}
		})
	}
	for n := range moments(5) {
		s := startServe(t, log, args...)
		for i := range acked {
			before := acked[i].Load()
			sigtest.Until(t, "acknowledgements of each sender", func() bool { return acked[i].Load() > before })
		}
		<-time.After(time.Duration(rand.IntN(250)) * time.Millisecond) // the random moment
		s.kill()
		if t.Failed() {
			t.Fatalf("after %d kills", n)
		}
	}
	serve := func() *served { return startServe(t, log, args...) }
	s := serve()
	stopping.Store(true)
	sending.Wait()
	s.stopEmpty(t, stats, serve)
	if content, _ := os.ReadFile(log); strings.Contains(string(content), "not there any more") {
		t.Errorf("what was written is said to be missing:\n%s", content)
	}
	for i := range targets {
		t.Logf("%s: %d messages acknowledged", targets[i].Network, acked[i].Load()+acked[i+len(targets)].Load())
	}

	for _, where := range []string{"sqlite:" + filepath.Join(dir, "x.db"), stream} {
		once(t, where, &acked, false, found(t, where))
	}
	f, err := os.Open(filepath.Join(dir, "x.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	once(t, "file", &acked, true, f)
}

// found is all that sigio query finds.
func found(t *testing.T, where string) io.Reader {
	t.Helper()
	out, err := exec.Command("sigio", "query", where, "--limit", "0", "--format", "json").Output()
	if err != nil {
		t.Fatal("query:", err)
	}
	return strings.NewReader(string(out))
}

// numbered calls each with the sender and the number of every message in lines of JSON. Lines that
// are none are an error, unless some may be torn.
func numbered(t *testing.T, where string, in io.Reader, torn bool, each func(user string, n int)) {
	t.Helper()
	scan := bufio.NewScanner(in)
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		var m struct {
			User string `json:"send_user"`
			Text string `json:"send_msg"`
		}
		if err := json.Unmarshal(scan.Bytes(), &m); err != nil {
			if torn {
				continue
			}
			t.Fatalf("%s: %q: %v", where, scan.Text(), err)
		}
		var n int
		if _, err := fmt.Sscanf(m.Text, "seq=%d", &n); err != nil {
			t.Fatalf("%s: %q", where, scan.Text())
		}
		each(m.User, n)
	}
	if err := scan.Err(); err != nil {
		t.Fatalf("%s: %v", where, err)
	}
}

// once checks that messages are there from the first to the last acknowledged, in order and, unless
// repeats are allowed, once.
func once(t *testing.T, where string, counts *[killSenders]atomic.Int64, repeats bool, in io.Reader) {
	t.Helper()
	next := map[string]int{}
	lines, again := 0, 0
	numbered(t, where, in, repeats, func(user string, n int) { // repeats come of kills, which tear lines, too
		lines++
		switch want := next[user]; {
		case n == want:
			next[user]++
		case n < want && repeats:
			again++
		default:
			t.Fatalf("%s: %s has message %d, want %d", where, user, n, want)
		}
	})
	for i := range counts {
		if n := int64(next[fmt.Sprint("sender", i)]); n < counts[i].Load() {
			t.Errorf("%s: sender %d has %d messages, %d were acknowledged", where, i, n, counts[i].Load())
		}
	}
	t.Logf("%s: %d messages, of these %d more than once", where, lines, again)
}
