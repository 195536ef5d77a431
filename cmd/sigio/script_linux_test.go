package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/seed-067c1534/sigio/internal/sigtest"
)

// TestMain lets the test's own program be sigio, so that the scripts run what is
// being tested.
func TestMain(m *testing.M) {
	// A program with the race detector waits for a second at its end, unless told
	// not to; the scripts run hundreds.
	os.Setenv("GORACE", strings.TrimSpace(os.Getenv("GORACE")+" atexit_sleep_ms=0"))
	sigtest.AtATime(4)
	testscript.Main(m, map[string]func(){"sigio": main, "confined": confined, "machine": machineInit})
}

// fatalTime is how long to wait for what must happen. It only passes in a failure.
const fatalTime = 60 * time.Second

// TestScript runs testdata/script/*.txt. Beside testscript's own commands they have
//
//	exits CODE PROGRAM ARG...      run a program, and want this exit code
//	serve NAME [OUT] ARG...        start sigio serve and wait until it listens;
//	                               NAME.out, NAME.err and NAME.json are its files,
//	                               $UDP, $TCP and their ..PORTs its addresses. OUT is
//	                               -full for a full disk, -pipe for a pipe whose
//	                               reader goes away after a line
//	signal NAME SIGNAL             send USR1, HUP, TERM or INT
//	await NAME MEMBER N            wait until its account says at least N
//	await NAME err TEXT            wait until it has said TEXT
//	addresses NAME                 set $UDP and so on anew, after other addresses were opened
//	ends NAME CODE                 wait for its end, and want this exit code
//	balanced FILE                  want received = delivered + rejected in an account, and every output to have
//	                               been given all of them
//	lines FILE N                   want N lines
//	unread NAME                    wait until nobody can read its -pipe any more
//	port NAME                      set $NAME to a TCP port that nobody else gets as long as the script runs
func TestScript(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "serve": startServer, "signal": sendSignal, "await": await,
			"ends": ends, "balanced": balanced, "lines": lines, "addresses": askAddresses, "unread": unread, "port": takePort,
		},
		Setup: func(e *testscript.Env) error {
			e.Values[serversKey{}] = &servers{running: map[string]*process{}}
			e.Setenv("USER", "tester")
			e.Setenv("GORACE", os.Getenv("GORACE"))
			e.Defer(e.Values[serversKey{}].(*servers).killAll)
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name == "nc-openbsd" {
				out, _ := exec.Command("nc", "-h").CombinedOutput()
				return strings.Contains(string(out), "OpenBSD"), nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
	})
}

type serversKey struct{}

// servers are the processes of one script.
type servers struct {
	mu      sync.Mutex
	running map[string]*process
}

type process struct {
	cmd    *exec.Cmd
	unread chan struct{} // closed when nobody reads its output any more
	ended  chan struct{}
	err    error // what Wait said, once it has ended
}

func (p *process) start() error {
	if err := p.cmd.Start(); err != nil {
		return err
	}
	p.ended = make(chan struct{})
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	return nil
}

func (s *servers) killAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.running {
		p.cmd.Process.Kill()
		<-p.ended
	}
}

func find(ts *testscript.TestScript, name string) *process {
	s := ts.Value(serversKey{}).(*servers)
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.running[name]
	if p == nil {
		ts.Fatalf("there is no server %s", name)
	}
	return p
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	switch {
	case err == nil && want == 0:
	case errors.As(err, &exit) && exit.ExitCode() == want:
	default:
		ts.Fatalf("%s: %v, want exit code %d", strings.Join(args[1:], " "), err, want)
	}
}

func startServer(ts *testscript.TestScript, neg bool, args []string) {
	name, args := args[0], args[1:]
	account := ts.MkAbs(name + ".json")
	kind := ""
	if len(args) > 0 && (args[0] == "-full" || args[0] == "-pipe") {
		kind, args = args[0], args[1:]
	}
	if all := strings.Join(args, " "); !strings.Contains(all, "--listen") && !strings.Contains(all, "--config") {
		args = append(args, "--listen", "udp://127.0.0.1:0", "--listen", "tcp://127.0.0.1:0")
	}
	path, err := exec.LookPath("sigio")
	ts.Check(err)
	cmd := exec.Command(path, append([]string{"serve", "--stats", account}, args...)...)
	cmd.Dir = ts.Getenv("WORK")
	p := &process{cmd: cmd, unread: make(chan struct{})}
	var out *os.File
	switch kind {
	case "-full":
		out, err = os.OpenFile("/dev/full", os.O_WRONLY, 0)
	case "-pipe":
		out, err = shortPipe(p.unread)
	default:
		out, err = os.Create(ts.MkAbs(name + ".out"))
	}
	ts.Check(err)
	defer out.Close()
	said, err := os.Create(ts.MkAbs(name + ".err"))
	ts.Check(err)
	defer said.Close()
	cmd.Stdout, cmd.Stderr = out, said
	ts.Check(p.start())
	s := ts.Value(serversKey{}).(*servers)
	s.mu.Lock()
	s.running[name] = p
	s.mu.Unlock()
	waitFor(ts, "the account of "+name, func() bool {
		select {
		case <-p.ended:
			text, _ := os.ReadFile(said.Name())
			ts.Fatalf("sigio serve ended: %v\n%s", p.err, text)
		default:
		}
		return setAddresses(ts, account)
	})
}

// askAddresses waits for a new account.
func askAddresses(ts *testscript.TestScript, neg bool, args []string) {
	account := ts.MkAbs(args[0] + ".json")
	before := readAccount(account)["at"]
	ts.Check(find(ts, args[0]).cmd.Process.Signal(syscall.SIGUSR1))
	waitFor(ts, "a new account", func() bool { return readAccount(account)["at"] != before && setAddresses(ts, account) })
}

// unread waits until the one line of a -pipe was read: before, another one still fits in.
func unread(ts *testscript.TestScript, neg bool, args []string) {
	waitFor(ts, "the end of the reader", func() bool {
		select {
		case <-find(ts, args[0]).unread:
			return true
		default:
			return false
		}
	})
}

func takePort(ts *testscript.TestScript, neg bool, args []string) {
	address, release, err := reservePort()
	ts.Check(err)
	ts.Defer(release)
	ts.Setenv(args[0], strconv.Itoa(int(address.Port())))
}

// shortPipe returns the end to write to of a pipe that is read for a line only. Then it closes
// unread.
func shortPipe(unread chan<- struct{}) (*os.File, error) {
	r, w, err := os.Pipe()
	if err == nil {
		go func() {
			defer close(unread)
			defer r.Close()
			for b := make([]byte, 1); b[0] != '\n'; {
				if _, err := r.Read(b); err != nil {
					return
				}
			}
		}()
	}
	return w, err
}

// setAddresses tells the script where the server listens.
func setAddresses(ts *testscript.TestScript, account string) bool {
	v := readAccount(account)
	list, _ := v["listeners"].([]any)
	for _, l := range list {
		url := l.(map[string]any)["address"].(string)
		scheme, address, _ := strings.Cut(url, "://")
		name := strings.ToUpper(scheme)
		ts.Setenv(name, url)
		ts.Setenv(name+"PORT", address[strings.LastIndexByte(address, ':')+1:])
	}
	return len(list) > 0
}

func readAccount(path string) map[string]any {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	var v map[string]any
	if json.Unmarshal(content, &v) != nil {
		return map[string]any{"broken": string(content)} // never seen: the file is replaced at once
	}
	return v
}

func waitFor(ts *testscript.TestScript, what string, done func() bool) {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(fatalTime)
	for !done() {
		select {
		case <-ticker.C:
		case <-deadline:
			ts.Fatalf("waited %v for %s", fatalTime, what)
		}
	}
}

var signals = map[string]syscall.Signal{"USR1": syscall.SIGUSR1, "TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "HUP": syscall.SIGHUP}

func sendSignal(ts *testscript.TestScript, neg bool, args []string) {
	number, known := signals[args[1]]
	if !known {
		ts.Fatalf("unknown signal %s", args[1])
	}
	ts.Check(find(ts, args[0]).cmd.Process.Signal(number))
}

func await(ts *testscript.TestScript, neg bool, args []string) {
	p, member, text := find(ts, args[0]), args[1], args[2]
	if member == "err" {
		waitFor(ts, "text "+text, func() bool {
			said, err := os.ReadFile(ts.MkAbs(args[0] + ".err"))
			ts.Check(err)
			return strings.Contains(string(said), text)
		})
		return
	}
	want, err := strconv.ParseFloat(text, 64)
	ts.Check(err)
	var last any
	defer func() { ts.Logf("%s is %v", member, last) }()
	waitFor(ts, fmt.Sprintf("%s >= %s", member, text), func() bool {
		p.cmd.Process.Signal(syscall.SIGUSR1)
		last = readAccount(ts.MkAbs(args[0] + ".json"))[member]
		n, ok := last.(float64)
		return ok && n >= want
	})
}

func ends(ts *testscript.TestScript, neg bool, args []string) {
	p := find(ts, args[0])
	select {
	case <-p.ended:
	case <-time.After(fatalTime):
		ts.Fatalf("%s does not end", args[0])
	}
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	if got := p.cmd.ProcessState.ExitCode(); got != want {
		said, _ := os.ReadFile(ts.MkAbs(args[0] + ".err"))
		ts.Fatalf("%s ended with %v, want exit code %d\n%s", args[0], p.cmd.ProcessState, want, said)
	}
}

func balanced(ts *testscript.TestScript, neg bool, args []string) {
	v := readAccount(ts.MkAbs(args[0]))
	check := func(what string, v map[string]any) {
		received, ok := v["received"].(float64)
		delivered, _ := v["delivered"].(float64)
		rejected := 0.0
		for _, n := range v["rejected"].(map[string]any) {
			rejected += n.(float64)
		}
		if !ok || received != delivered+rejected {
			ts.Fatalf("%s: received %v, delivered %v, rejected %v", what, received, delivered, rejected)
		}
	}
	check(args[0], v)
	for _, l := range v["listeners"].([]any) {
		check(l.(map[string]any)["address"].(string), l.(map[string]any))
	}
	for _, o := range v["outputs"].([]any) {
		o := o.(map[string]any)
		given := o["written"].(float64) + o["lost"].(float64) + o["pending"].(float64)
		// The two accounts are read one after the other: they agree at rest.
		if v["pending"].(float64) == 0 && (given < v["received"].(float64)-rejectedBefore(v) || given > v["received"].(float64)) {
			ts.Fatalf("%s: output %v of %v received", args[0], o, v["received"])
		}
	}
	for _, member := range []string{"kernel_drops", "pending", "signals", "outputs", "at"} {
		if v[member] == nil {
			ts.Fatalf("%s has no member %s", args[0], member)
		}
	}
}

// rejectedBefore counts the messages that no output was given.
func rejectedBefore(v map[string]any) (n float64) {
	for cause, count := range v["rejected"].(map[string]any) {
		if cause != "output closed" && cause != "output queue full" {
			n += count.(float64)
		}
	}
	return n
}

func lines(ts *testscript.TestScript, neg bool, args []string) {
	f, err := os.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	content, err := io.ReadAll(f)
	ts.Check(err)
	if got := strings.Count(string(content), "\n"); strconv.Itoa(got) != args[1] {
		ts.Fatalf("%s has %d lines, want %s", args[0], got, args[1])
	}
}
