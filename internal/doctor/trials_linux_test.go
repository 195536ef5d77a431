package doctor

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/internal/sys"
)

func TestThisMachine(t *testing.T) {
	checks := Examine()
	for _, c := range checks {
		if c.Status == Fail {
			t.Errorf("%s: %s (%s)", c.Name, c.Value, c.Meaning)
		}
	}
	for _, name := range []string{"arming", "delivery", "granted buffer", "loopback", "kernel", "signal queue"} {
		found := false
		for _, c := range checks {
			found = found || c.Name == name
		}
		if !found {
			t.Errorf("no check called %s", name)
		}
	}
}

// What a seccomp filter does to single calls, without needing one.
func TestDeniedCalls(t *testing.T) {
	t.Parallel()
	steps, done := armingSteps()
	defer done()
	for i := range steps {
		for errno, want := range map[syscall.Errno]string{
			syscall.EPERM:  "seccomp profile",
			syscall.ENOSYS: "real Linux kernel",
			syscall.EMFILE: "prlimit",
			syscall.EIO:    "",
		} {
			denied := append([]step(nil), steps...)
			denied[i].do = func() error { return os.NewSyscallError("fcntl", errno) }
			// Only the calls before the denied one are made: their descriptors are
			// closed by done, or made anew.
			c := arming(denied[i:])
			if c.Status != Fail || !strings.HasPrefix(c.Value, steps[i].name+": ") {
				t.Errorf("%s fails with %v: %s %q", steps[i].name, errno, c.Status, c.Value)
			}
			if !strings.Contains(c.Fix, want) || want == "" && c.Fix != "" {
				t.Errorf("%s fails with %v: the fix is %q, want %q", steps[i].name, errno, c.Fix, want)
			}
		}
	}
}

func TestArmingLeavesNothing(t *testing.T) {
	before, err := sigtest.NewBaseline()
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		steps, done := armingSteps()
		if c := arming(steps); c.Status != OK {
			t.Fatalf("%+v", c)
		}
		done()
		if c := delivery(); c.Status == Fail {
			t.Fatalf("%+v", c)
		}
		grantedBuffer()
		loopback()
	}
	if err := before.Leaks(); err != nil {
		t.Error(err)
	}
}

// At a limit of zero nothing can be queued, and the verdict is a warning: the
// loop finds the byte by looking.
func TestDeliveryWithoutQueue(t *testing.T) {
	soft, _, err := sys.SignalLimit()
	if err != nil {
		t.Fatal(err)
	}
	if err := sys.SetSignalLimit(0); err != nil {
		t.Fatal(err)
	}
	defer sys.SetSignalLimit(soft)
	if c := delivery(); c.Status != Warn {
		t.Errorf("with RLIMIT_SIGPENDING 0: %+v, want a warning", c)
	}
}
