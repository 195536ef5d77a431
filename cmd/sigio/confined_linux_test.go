package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// confinedCalls names the system calls that confined allows, by number.
const confinedCalls = "SIGIO_TEST_CALLS"

// confined runs sigio under a filter that kills the process at any system call but those of
// confinedCalls: stricter than the unit's, which makes such a call fail.
func confined() {
	var program []unix.SockFilter
	program = append(program, unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}) // the number
	for _, text := range strings.Fields(os.Getenv(confinedCalls)) {
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			panic(err)
		}
		program = append(program,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 0, Jf: 1, K: uint32(n)},
			unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW})
	}
	program = append(program, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_KILL_PROCESS})
	filter := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		panic(err)
	}
	if _, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&filter))); errno != 0 {
		panic(errno)
	}
	self, err := os.Executable()
	if err == nil {
		// The number stays, which passed sockets are meant for.
		err = syscall.Exec(self, append([]string{"sigio"}, os.Args[1:]...), os.Environ())
	}
	panic(err)
}

// unitCalls returns the system calls that the filter of a unit allows, by name.
func unitCalls(t *testing.T, unit string) []string {
	t.Helper()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	file, err := os.Open(unit)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	allowed := map[string]bool{}
	add := func(names []string, value bool) {
		for _, name := range names {
			allowed[name] = value
		}
	}
	add(expand(t, "@default"), true) // what an allow-list has without saying so (systemd.exec(5))
	add([]string{"execve"}, true)
	found := 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		value, ok := strings.CutPrefix(lines.Text(), "SystemCallFilter=")
		if !ok {
			continue
		}
		found++
		value, deny := strings.CutPrefix(value, "~")
		for _, set := range strings.Fields(value) {
			add(expand(t, set), !deny)
		}
	}
	if found == 0 {
		t.Fatalf("%s has no filter", unit)
	}
	var names []string
	for name, ok := range allowed {
		if ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// expand returns the calls of a set such as @system-service, with those of the sets in it.
func expand(t *testing.T, set string) (names []string) {
	t.Helper()
	if !strings.HasPrefix(set, "@") {
		return []string{set}
	}
	out, err := exec.Command("systemd-analyze", "syscall-filter", "--no-pager", set).Output()
	if err != nil {
		t.Fatalf("%s: %v", set, err)
	}
	for line := range strings.Lines(string(out)) {
		name := strings.TrimSpace(line)
		switch {
		case name == "" || name == set || name[0] == '#':
		case name[0] == '@':
			names = append(names, expand(t, name)...)
		default:
			names = append(names, name)
		}
	}
	return names
}

// callNumbers returns the numbers of this architecture, by name, as golang.org/x/sys has them.
func callNumbers(t *testing.T) map[string]string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/sys").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	source, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "unix", "zsysnum_linux_"+runtime.GOARCH+".go"))
	if err != nil {
		t.Fatal(err)
	}
	numbers := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\s*SYS_(\w+)\s*=\s*(\d+)`).FindAllStringSubmatch(string(source), -1) {
		numbers[strings.ToLower(m[1])] = m[2]
	}
	return numbers
}

// Serve does its work under the unit's filter of system calls, and is killed where a call that it
// needs is missing.
func TestUnitFilter(t *testing.T) {
	t.Parallel()
	numbers := callNumbers(t)
	var list []string
	for _, name := range unitCalls(t, filepath.Join("..", "..", "dist", "sigio.service")) {
		if n := numbers[name]; n != "" {
			list = append(list, n)
		}
	}
	if len(list) < 150 {
		t.Fatalf("only %d calls are allowed: the sets were not read", len(list))
	}
	for _, mode := range []string{"loop", "goroutine"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			runConfined(t, list, mode)
		})
	}
	t.Run("without rt_sigtimedwait", func(t *testing.T) {
		t.Parallel()
		without := slices.DeleteFunc(slices.Clone(list), func(n string) bool { return n == numbers["rt_sigtimedwait"] })
		s := startConfined(t, without, nil, "--listen", "udp://127.0.0.1:0")
		err := <-s.ended
		if exit, ok := err.(*exec.ExitError); !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGSYS {
			t.Errorf("it ended with %v, want SIGSYS: the filter does nothing", err)
		}
	})
}

// Systemd understands the units, and calls the service well confined.
func TestUnits(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	folder := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sigio.service", "sigio.socket"} {
		content, err := os.ReadFile(filepath.Join("..", "..", "dist", name))
		if err != nil {
			t.Fatal(err)
		}
		content = []byte(strings.ReplaceAll(string(content), "/usr/local/bin/sigio", self)) // it has to exist
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"verify", "--man=no", filepath.Join(folder, "sigio.service"), filepath.Join(folder, "sigio.socket")},
		{"security", "--no-pager", "--offline=true", "--threshold=20", filepath.Join(folder, "sigio.service")},
	} {
		out, err := exec.Command("systemd-analyze", args...).CombinedOutput()
		if err != nil || args[0] == "verify" && len(out) > 0 {
			t.Errorf("systemd-analyze %s: %v\n%s", args[0], err, out)
		}
	}
}

// The file that comes with the units is right, and so is the example of sigio.toml(5).
func TestExampleSettings(t *testing.T) {
	t.Parallel()
	shipped, err := os.ReadFile(filepath.Join("..", "..", "dist", "sigio.toml"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"dist/sigio.toml": string(shipped), "sigio.toml(5)": configExample} {
		path := filepath.Join(t.TempDir(), "sigio.toml")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, wrong strings.Builder
		if code := run([]string{"serve", "--config", path, "--check"}, nil, &out, &wrong); code != exitOK || !strings.Contains(out.String(), "# "+path+":") {
			t.Errorf("%s: exit code %d\n%s%s", name, code, out.String(), wrong.String())
		}
	}
}

func startConfined(t *testing.T, calls []string, sockets []*os.File, args ...string) *service {
	t.Helper()
	return startAs(t, "confined", t.TempDir(), []string{confinedCalls + "=" + strings.Join(calls, " ")}, sockets, args...)
}

// runConfined uses what serve can do.
func runConfined(t *testing.T, calls []string, mode string) {
	given, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer given.Close()
	socket, err := given.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	args := []string{
		"--listen", "udp://localhost:0", "--listen", "tcp://localhost:0", "--listen", "systemd:in",
		"--listen", "unix://stream", "--listen", "unixgram://datagram",
		"--output", "file:lines?rotate-size=1KiB&keep=2&compress=gzip&fsync=always", "--output", "sqlite:base?fsync=always", "--output", "stdout:",
		"--http", "unix:http", "--workers", "2", "--per-connection", mode, "--stats", "account",
	}
	s := startConfined(t, calls, []*os.File{socket}, args...)
	account := filepath.Join(s.folder, "account")
	waitUntil(t, "the start", func() bool { return readAccount(account) != nil || len(s.ended) > 0 })
	if len(s.ended) > 0 {
		t.Fatalf("it ended: %v", <-s.ended)
	}
	const each = 60
	n := 0
	addresses := []string{"unix://" + filepath.Join(s.folder, "stream"), "unixgram://" + filepath.Join(s.folder, "datagram"), "tcp://" + given.Addr().String()}
	for _, l := range readAccount(account)["listeners"].([]any) {
		if url := l.(map[string]any)["address"].(string); !strings.HasPrefix(url, "unix") {
			addresses = append(addresses, url)
		}
	}
	for _, url := range addresses {
		network, address, _ := strings.Cut(url, "://")
		for i := range each {
			conn, err := net.Dial(network, address)
			if err != nil {
				t.Fatalf("%s: %v", url, err)
			}
			fmt.Fprintf(conn, "message %d with enough text to fill a file in a while, over %s", i, url)
			conn.Close()
			n++
		}
	}
	delivered := func() bool {
		s.Process.Signal(syscall.SIGUSR1)
		got, _ := readAccount(account)["delivered"].(float64)
		return int(got) >= n || len(s.ended) > 0
	}
	waitUntil(t, fmt.Sprintf("%d messages", n), delivered)
	page, err := net.Dial("unix", filepath.Join(s.folder, "http"))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(page, "GET /metrics HTTP/1.0\r\n\r\n")
	if metrics, err := io.ReadAll(page); err != nil || !strings.Contains(string(metrics), "\nsigio_") {
		t.Errorf("%q, %v", metrics, err)
	}
	page.Close()
	s.Process.Signal(syscall.SIGHUP)
	waitUntil(t, "the reload", func() bool { return strings.Contains(s.log(), "settings loaded") || len(s.ended) > 0 })
	waitUntil(t, "a file that was compressed", func() bool {
		old, _ := filepath.Glob(filepath.Join(s.folder, "lines*.gz"))
		return len(old) > 0 || len(s.ended) > 0
	})
	s.stop(t)
}
