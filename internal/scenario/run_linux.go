package scenario

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/seed-067c1534/sigio/internal/sys"
)

// Two times: how long "nothing came" takes to believe, once everything sent
// has verifiably been processed, and how long to wait for what should come
// before calling it missing. The second only ever passes in a failure.
const (
	settleTime = 10 * time.Millisecond
	fatalTime  = 5 * time.Second
)

// alone keeps scenarios that change a limit of the process from running beside
// others in the same process.
var alone sync.RWMutex

// Run plays the scenario against the running kernel and returns what happened.
// It blocks for the duration, well below a second, and may be called from any
// goroutine. The work is done on an operating system thread of its own, whose
// signal mask dies with it; no descriptor, goroutine or masked thread is left.
//
// A kernel that does something else is not an error but a Result with a
// Mismatch. Errors are those of setting up (an os.SyscallError, typically at
// the descriptor limit) and ctx's.
func Run(ctx context.Context, s Scenario) (Result, error) {
	if s.exclusive {
		alone.Lock()
		defer alone.Unlock()
	} else {
		alone.RLock()
		defer alone.RUnlock()
	}
	const attempts = 3 // others may send signals, or use up the user's quota, for a moment
	for attempt := 1; ; attempt++ {
		var r Result
		var disturbed bool
		var err error
		onOwnThread(func() { r, disturbed, err = play(ctx, s) })
		if errors.Is(err, errFence) && attempt < attempts {
			continue
		}
		if err != nil {
			return r, fmt.Errorf("scenario %s: %w", s.Name, err)
		}
		if r.Matched() || !disturbed || attempt == attempts {
			return r, nil
		}
	}
}

// onOwnThread runs f on a thread that ends afterwards, and never on the main
// thread, which the Go runtime does not end: a mask would stay on it for ever.
func onOwnThread(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		// Not unlocked: a goroutine that ends while locked takes its thread along.
		runtime.LockOSThread()
		if !sys.OnMainThread() {
			f()
			return
		}
		// While this goroutine holds the main thread no other can get it.
		defer runtime.UnlockOSThread()
		other := make(chan struct{})
		go func() {
			defer close(other)
			runtime.LockOSThread()
			f()
		}()
		<-other
	}()
	<-done
}

// stop is what an env's methods panic with to end a run early: with a reason
// to skip, or with an error. It does not leave this file's play.
type stop struct {
	skip string
	err  error
}

func play(ctx context.Context, s Scenario) (r Result, disturbed bool, err error) {
	e, err := newEnv(ctx, s.urgent)
	if err != nil {
		return r, false, err
	}
	defer func() {
		if p := recover(); p != nil {
			early, ours := p.(stop)
			if !ours {
				panic(p)
			}
			err = early.err
			r.Skipped = early.skip
		}
		if closing := e.finish(); err == nil {
			err = closing
		}
		r.Entries, disturbed = e.entries, e.disturbed
	}()
	s.setup(e)
	e.settle()
	if difference := match(nil, e.signals); difference != "" {
		r.Mismatch = append(r.Mismatch, "before the first step: "+difference)
	}
	for i, step := range s.Steps {
		r.Mismatch = append(r.Mismatch, e.step(i+1, step)...)
	}
	return r, false, nil
}

// step does one step and compares.
func (e *env) step(number int, s Step) (mismatch []string) {
	e.say(KindStep, s.Text)
	first := len(e.signals)
	if s.do != nil {
		s.do(e)
	}
	for deadline := time.Now().Add(e.patience); !enough(s.Want, e.signals[first:]) && time.Now().Before(deadline); {
		e.take(50 * time.Millisecond)
	}
	e.settle()
	wrong := func(format string, args ...any) {
		mismatch = append(mismatch, fmt.Sprintf("step %d, %q: ", number, s.Text)+fmt.Sprintf(format, args...))
	}
	if difference := match(s.Want, e.signals[first:]); difference != "" {
		wrong("%s", difference)
	}
	for _, l := range s.Look {
		if state := e.look(l.Role); state != l.State {
			wrong("expected poll to say %v of %s, observed %v", l.State, l.Role, state)
		}
	}
	e.stepSignals = e.signals[first:]
	if s.check != nil {
		s.check(e)
	}
	for _, f := range e.failures {
		wrong("%s", f)
	}
	e.failures = nil
	return mismatch
}
