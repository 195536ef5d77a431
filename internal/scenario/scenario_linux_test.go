package scenario

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// Every row against the running kernel. A failure names the row and the step,
// with what was expected and what came.
func TestScenarios(t *testing.T) {
	for _, s := range All() {
		t.Run(s.Name, func(t *testing.T) {
			r, err := Run(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			if r.Skipped != "" {
				t.Skip(r.Skipped)
			}
			if !r.Matched() || testing.Verbose() {
				t.Log("\n" + transcript(r))
			}
			for _, m := range r.Mismatch {
				t.Error(m)
			}
		})
	}
}

func transcript(r Result) string {
	var b strings.Builder
	for _, e := range r.Entries {
		b.WriteString(e.String() + "\n")
	}
	return b.String()
}

func TestTableIsWellFormed(t *testing.T) {
	t.Parallel()
	kebab := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	names, conditions := map[string]bool{}, map[Condition]string{}
	for _, s := range All() {
		if !kebab.MatchString(s.Name) || names[s.Name] {
			t.Errorf("name %q is malformed or taken", s.Name)
		}
		names[s.Name] = true
		if s.Title == "" || len(s.Explain) < 20 || len(s.Steps) == 0 || s.setup == nil {
			t.Errorf("%s lacks something", s.Name)
		}
		if s.Condition != "" {
			if other := conditions[s.Condition]; other != "" {
				t.Errorf("%s and %s claim %q", s.Name, other, s.Condition)
			}
			conditions[s.Condition] = s.Name
		}
	}
	for i, c := range Conditions() {
		if conditions[c] == "" {
			t.Errorf("no scenario shows %q", c)
		}
		if got := All()[i].Condition; got != c {
			t.Errorf("scenario %d shows %q, want %q", i, got, c)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	s, err := Find("tcp-reset")
	if err != nil || s.Name != "tcp-reset" {
		t.Errorf("%q, %v", s.Name, err)
	}
	_, err = Find("tcp-rest")
	if !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), `did you mean "tcp-reset"?`) {
		t.Error(err)
	}
}

// A row that expects what the kernel does not do must fail, by step, in each of
// the ways in which a row can be wrong.
func TestWrongExpectationIsAMismatch(t *testing.T) {
	t.Parallel()
	right, err := Find("unix-half-shutdown")
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Step){
		"another signal": func(s *Step) { s.Want = times(2, "ours", siginfo.PollIn); s.Want[0].Max = 3 },
		"none":           func(s *Step) { s.Want = nil },
		"another state":  func(s *Step) { s.Look = []Look{{"ours", siginfo.Pri}} },
		"a failed check": func(s *Step) { s.check = func(e *env) { e.fail("no good") } },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := right
			s.Steps = append([]Step(nil), right.Steps...)
			spoil(&s.Steps[1])
			s.setup = func(e *env) {
				right.setup(e)
				e.patience = 500 * time.Millisecond // what does not come is not worth waiting for
			}
			r, err := Run(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			if r.Matched() || len(r.Mismatch) != 1 || !strings.HasPrefix(r.Mismatch[0], "step 2, ") {
				t.Errorf("%q", r.Mismatch)
			}
		})
	}
}

func TestSkipIsNotAMatch(t *testing.T) {
	t.Parallel()
	r, err := Run(t.Context(), Scenario{Name: "x", setup: func(e *env) { e.skip("not on a %s", "Tuesday") }})
	if err != nil || r.Skipped != "not on a Tuesday" || r.Matched() {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestSetUpErrorIsReturned(t *testing.T) {
	t.Parallel()
	_, err := Run(t.Context(), Scenario{Name: "x", setup: func(e *env) { e.must(os.ErrPermission) }})
	if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), "scenario x") {
		t.Error(err)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := Scenario{Name: "x", setup: func(e *env) { e.pipe(); e.arm("reader", "pipe") },
		Steps: []Step{{Text: "waits in vain", do: func(*env) { cancel() }, Want: one("reader", siginfo.PollIn)}}}
	if _, err := Run(ctx, s); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Signals go to the run's own thread, so runs side by side do not disturb one
// another, and afterwards nothing is left: no descriptor, no goroutine, no
// thread with a blocked signal. Not parallel: it counts.
func TestManyRunsAtOnceLeaveNothing(t *testing.T) {
	before := settled(t, inventory{descriptors: math.MaxInt, goroutines: math.MaxInt})
	var wg sync.WaitGroup
	for i := range 8 {
		for _, name := range []string{"udp-datagram", "tcp-half-shutdown", "tcp-urgent", "queue-full", "fifo-two-readers", "tty-line"} {
			wg.Go(func() {
				s, err := Find(name)
				if err != nil {
					t.Error(err)
					return
				}
				r, err := Run(t.Context(), s)
				if err != nil || r.Skipped == "" && !r.Matched() {
					t.Errorf("%s, run %d: %v %q\n%s", name, i, err, r.Mismatch, transcript(r))
				}
			})
		}
	}
	wg.Wait()
	if after := settled(t, before); after.masked > 0 || after.exceeds(before) {
		t.Errorf("before: %+v, after: %+v", before, after)
	}
}

// settled takes stock when no thread is masked and no more is there than before,
// or after fatalTime. A thread is gone a moment
// after its goroutine, and the Go runtime blocks all its signals in between.
func settled(t *testing.T, before inventory) inventory {
	t.Helper()
	for deadline := time.Now().Add(fatalTime); ; runtime.Gosched() {
		now := takeStock(t)
		if now.masked == 0 && !now.exceeds(before) || time.Now().After(deadline) {
			return now
		}
	}
}

// inventory counts descriptors, goroutines and threads that block a signal.
type inventory struct{ descriptors, goroutines, masked int }

func (i inventory) exceeds(before inventory) bool {
	return i.descriptors > before.descriptors || i.goroutines > before.goroutines
}

func takeStock(t *testing.T) inventory {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	masked := 0
	threads, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range threads {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it ended in between
		}
		if blocked.MatchString(string(b)) {
			masked++
		}
	}
	return inventory{len(fds), runtime.NumGoroutine(), masked}
}

// blocked finds a mask that is not empty.
var blocked = regexp.MustCompile(`SigBlk:\s*[0-9a-f]*[1-9a-f]`)

// The proof of "nothing" must itself be able to fail: with the socket's signals
// off the fence never comes, and that is an error, not a quiet pass.
func TestFenceThatNeverComes(t *testing.T) {
	t.Parallel()
	_, err := Run(t.Context(), Scenario{Name: "x", setup: func(e *env) {
		e.patience = 50 * time.Millisecond
		e.must(sys.SetAsync(e.fenceFD, false))
	}})
	if !errors.Is(err, errFence) {
		t.Error(err)
	}
}
