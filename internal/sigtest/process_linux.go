package sigtest

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sys"
)

// Fatal is how long a test waits for what has to happen. It is absurdly long: it
// only ends a test that would hang.
const Fatal = 60 * time.Second

// AtATime lets n parallel tests run at a time, unless the command line says otherwise, in
// a package whose tests wait more than they compute; with the race detector they do not.
// It is called first in TestMain.
func AtATime(n int) {
	if !RaceDetector {
		flag.Set("test.parallel", strconv.Itoa(n))
	}
}

// Variables of the environment that make a process of the test binary something
// else than a run of all tests.
const (
	aloneVar  = "SIGIO_TEST_ALONE"
	helperVar = "SIGIO_TEST_HELPER"
	limitVar  = "SIGIO_TEST_SIGPENDING"
)

// Helper is what another process does for a test. It says through ready, once,
// that it is set up, and returns when it is told to by the end of stdin.
type Helper func(args []string, ready func()) error

// Main is a TestMain: it runs the tests, checks that they left nothing behind,
// and ends the process. When the process was started by Start, it runs a helper
// instead.
func Main(m *testing.M, helpers map[string]Helper) {
	if err := runHelper(helpers); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if limit, err := strconv.ParseUint(os.Getenv(limitVar), 10, 32); err == nil {
		if err := sys.SetSignalLimit(limit); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	before, err := NewBaseline()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if code == 0 {
		if err := before.Leaks(); err != nil {
			fmt.Fprintln(os.Stderr, "the tests left something behind:\n", err)
			code = 1
		}
	}
	os.Exit(code)
}

func runHelper(helpers map[string]Helper) error {
	name := os.Getenv(helperVar)
	if name == "" {
		return nil
	}
	helper, ok := helpers[name]
	if name == "fill" {
		helper, ok = fill, true
	}
	if !ok {
		return fmt.Errorf("no helper %q", name)
	}
	err := helper(strings.Fields(os.Getenv(helperVar+"_ARGS")), func() { fmt.Println("ready") })
	if err != nil {
		return fmt.Errorf("helper %s: %w", name, err)
	}
	os.Exit(0)
	return nil
}

// SignalLimit is for Alone: it lowers the limit of queued signals to n in the new
// process.
func SignalLimit(n int) string { return fmt.Sprintf("%s=%d", limitVar, n) }

// Alone runs the calling test again in a process of its own, with additions to
// the environment. In the new process it returns true: go on with the test. In
// the old one it returns false, after the new one has passed: return.
func Alone(t *testing.T, env ...string) bool {
	t.Helper()
	if os.Getenv(aloneVar) == t.Name() {
		return true
	}
	Run(t, t.Name(), append(env, aloneVar+"="+t.Name())...)
	return false
}

// environ is that of a process of the test binary. The race detector would wait
// for a second at its end.
func environ() []string {
	return append(os.Environ(), "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0")
}

// Run runs a test of the package in a process of its own. It skips the
// calling test if that one was skipped.
func Run(t *testing.T, name string, env ...string) {
	t.Helper()
	parts := strings.Split(name, "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	args := []string{"-test.v", "-test.timeout=60s", "-test.run=" + strings.Join(parts, "/")}
	if testing.Short() {
		args = append(args, "-test.short")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second) // more than the test.timeout
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(environ(), env...)
	out, err := cmd.CombinedOutput()
	switch {
	case err != nil:
		t.Errorf("%s in a process of its own: %v\n%s", name, err, out)
	case bytes.Contains(out, []byte("--- SKIP: "+name+" ")):
		t.Skipf("%s", out)
	case !bytes.Contains(out, []byte("--- PASS: "+name+" ")):
		t.Errorf("%s did not run in a process of its own:\n%s", name, out)
	}
}

// Start starts a helper in a process of its own and returns when it is ready. The
// helper is ended by the function that is returned, or at the end of the test.
func Start(t testing.TB, helper string, args ...string) (stop func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(environ(), helperVar+"="+helper, helperVar+"_ARGS="+strings.Join(args, " "))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		stdin.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("helper %s: %v", helper, err)
		}
	}
	t.Cleanup(stop)
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "ready\n" {
		t.Fatalf("helper %s said %q, %v", helper, line, err)
	}
	return stop
}

// WaitForEnd returns when a helper is to end.
func WaitForEnd() {
	for p := make([]byte, 1); ; {
		if _, err := os.Stdin.Read(p); err != nil {
			return
		}
	}
}

// Until waits for a condition.
func Until(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(Fatal)
	for pause := 100 * time.Microsecond; !condition(); pause = min(2*pause, 10*time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", Fatal, what)
		}
		time.Sleep(pause)
	}
}
