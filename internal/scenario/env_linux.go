package scenario

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// env is where one scenario runs: a thread with the signals blocked, the
// descriptors by name, and what has been observed. It belongs to that thread.
//
// Its methods end the run by panicking with a stop: a table of twenty-line rows
// would drown in error returns otherwise.
type env struct {
	ctx         context.Context
	mask        *sys.Mask
	tid         int
	start       time.Time
	patience    time.Duration // fatalTime, except in tests
	ends        map[string]*end
	names       []string // of ends, in order
	path        string   // where a Unix socket listens
	cleanup     []func()
	fenceFD     int
	fenced      bool // the fence's signal has come
	entries     []Entry
	signals     []Entry
	stepSignals []Entry
	failures    []string
	disturbed   bool // the Go runtime's own SIGURG came in between
}

// end is one descriptor of a scenario.
type end struct {
	fd    int // -1 when closed
	text  string
	armed bool
	asFD  int    // the number when it was armed: what the signals will say
	shown string // the Descriptor of its entries
}

func newEnv(ctx context.Context, urgent bool) (*env, error) {
	signals := []int{Signal, int(syscall.SIGIO)}
	if urgent {
		// The Go runtime uses SIGURG to preempt goroutines. Blocking it on a
		// thread that soon makes a function call again does no harm.
		signals = append(signals, int(syscall.SIGURG))
	}
	e := &env{
		ctx: ctx, mask: sys.NewMask(signals...), tid: sys.ThreadID(), start: time.Now(),
		patience: fatalTime, ends: map[string]*end{}, fenceFD: -1,
	}
	if err := sys.Block(e.mask); err != nil {
		return nil, err
	}
	if err := e.openFence(); err != nil {
		_ = e.finish()
		return nil, err
	}
	return e, nil
}

// finish gives everything back: signals off, descriptors closed, queue empty,
// mask restored.
func (e *env) finish() error {
	for _, n := range e.names {
		if x := e.ends[n]; x.fd >= 0 {
			_ = sys.SetAsync(x.fd, false) // a duplicate elsewhere must not signal on
			_ = sys.Close(x.fd)
		}
	}
	if e.fenceFD >= 0 {
		_ = sys.SetAsync(e.fenceFD, false)
		_ = sys.Close(e.fenceFD)
	}
	for _, f := range e.cleanup {
		f()
	}
	var native [siginfo.RecordSize]byte
	for {
		if got, err := sys.Sleep(e.mask, 0, &native); !got || err != nil {
			break
		}
	}
	return sys.Unblock(e.mask)
}

// must ends the run with an error.
func (e *env) must(err error) {
	if err != nil {
		panic(stop{err: err})
	}
}

// skip ends the run because this machine cannot show it.
func (e *env) skip(format string, args ...any) { panic(stop{skip: fmt.Sprintf(format, args...)}) }

// fail records that the kernel did something unexpected.
func (e *env) fail(format string, args ...any) {
	e.failures = append(e.failures, fmt.Sprintf(format, args...))
}

func (e *env) say(kind Kind, text string) { e.add(Entry{Kind: kind, Text: text}) }

func (e *env) note(format string, args ...any) { e.say(KindNote, fmt.Sprintf(format, args...)) }

func (e *env) add(x Entry) {
	x.At = time.Since(e.start)
	e.entries = append(e.entries, x)
}

// own names a new descriptor, which the env then closes.
func (e *env) own(name, text string, fd int, err error) {
	e.must(err)
	if old, taken := e.ends[name]; taken && old.fd >= 0 {
		panic("scenario: two descriptors are called " + name)
	} else if !taken {
		e.names = append(e.names, name)
	}
	e.ends[name] = &end{fd: fd, text: text}
}

// fd returns a descriptor by name.
func (e *env) fd(name string) int { return e.end(name).fd }

func (e *env) end(name string) *end {
	x, ok := e.ends[name]
	if !ok {
		panic("scenario: no descriptor is called " + name)
	}
	return x
}

// arm switches a descriptor's signals on: owner, signal, and last the signals
// themselves.
func (e *env) arm(name, kind string) { e.armWith(name, kind, Signal) }

// armWith takes the signal; 0 is the kernel's default, a plain SIGIO.
func (e *env) armWith(name, kind string, signo int) {
	x := e.end(name)
	e.must(sys.SetOwnerThread(x.fd, e.tid))
	e.must(sys.SetSignal(x.fd, signo))
	e.must(sys.SetAsync(x.fd, true))
	x.armed, x.asFD = true, x.fd
	x.shown = fmt.Sprintf("%s, fd %d (%s)", x.text, x.fd, address(kind, x.fd))
	e.add(Entry{Kind: KindArmed, Role: name, Descriptor: x.shown})
}

// address adds to the kind of a descriptor what the kernel knows about it.
func address(kind string, fd int) string {
	local, err := sys.LocalAddr(fd)
	if err != nil || local.Port() == 0 {
		return kind
	}
	if peer, err := sys.PeerAddr(fd); err == nil {
		return fmt.Sprintf("%s %v to %v", kind, local, peer)
	}
	return fmt.Sprintf("%s %v", kind, local)
}

// close closes a descriptor as a program does that knows nothing of signals.
func (e *env) close(name string) {
	x := e.end(name)
	e.must(sys.Close(x.fd))
	x.fd = -1
}

// look asks poll(2) and records the answer.
func (e *env) look(name string) siginfo.Band {
	x := e.end(name)
	// The events that a program would ask for; errors come unasked.
	const asked = siginfo.In | siginfo.Out | siginfo.Pri | siginfo.RdHup
	fds := []sys.PollFd{{Fd: int32(x.fd), Events: int16(asked)}}
	_, err := sys.Poll(fds)
	e.must(err)
	state := siginfo.Band(uint16(fds[0].Revents))
	e.add(Entry{Kind: KindLook, Role: name, Descriptor: e.shown(name), State: state})
	return state
}

func (e *env) shown(name string) string {
	x := e.end(name)
	if x.shown != "" {
		return x.shown
	}
	return fmt.Sprintf("%s, fd %d", x.text, x.fd)
}

// take waits up to d for one signal and records it.
func (e *env) take(d time.Duration) bool {
	e.must(e.ctx.Err())
	var native [siginfo.RecordSize]byte
	got, err := sys.Sleep(e.mask, d, &native)
	e.must(err)
	if !got {
		return false
	}
	r := siginfo.FromNative(&native)
	switch {
	case r.Signo() == int(syscall.SIGURG) && r.Code() == siginfo.TKill:
		// From the runtime, not from the kernel. Had the kernel's own come
		// after it, that one would have been merged away.
		e.disturbed = true
		return true
	case e.isFence(&r):
		e.fenced = true
		return true
	}
	x := Entry{Kind: KindSignal, Record: r}
	if code := r.Code(); code >= siginfo.PollIn && code <= siginfo.PollHup {
		x.Role, x.Descriptor = e.roleOf(r.FD())
	}
	e.add(x)
	e.signals = append(e.signals, e.entries[len(e.entries)-1])
	return true
}

// roleOf finds the armed descriptor that had the number when it was armed.
func (e *env) roleOf(number int) (role, descriptor string) {
	for _, n := range e.names {
		if x := e.ends[n]; x.armed && x.asFD == number {
			return n, x.shown
		}
	}
	return fmt.Sprintf("fd %d", number), fmt.Sprintf("fd %d", number)
}

// loopback is any free port of this machine.
var loopback = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0)

// tempDir makes a directory that goes with the env.
func (e *env) tempDir() string {
	dir, err := os.MkdirTemp("", "sigio-scenario-")
	e.must(err)
	e.cleanup = append(e.cleanup, func() { _ = os.RemoveAll(dir) })
	return dir
}
