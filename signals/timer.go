package signals

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// Clock is what a Timer measures time with, see clock_gettime(2).
type Clock int

// The clocks.
const (
	Monotonic Clock = iota // CLOCK_MONOTONIC: stands still while the machine is suspended
	Boottime               // CLOCK_BOOTTIME: goes on meanwhile
	Realtime               // CLOCK_REALTIME: the time of day, which may be set
)

// A Timer is a POSIX timer of the kernel's that sends a signal when it expires
// (timer_create(2)). The kernel queues one signal of a timer at a time and counts
// the expirations that find it still queued: Info.Timer returns that overrun. So
// none is forgotten, however late the signal is taken.
//
// For what happens inside one program a time.Timer is lighter. This one is for
// programs that want its account, or that serve timers and signals in one place.
//
// Its methods may be called from any goroutine. It must be closed.
type Timer struct {
	signo int
	token int32
	close func() error

	mu     sync.Mutex
	timer  sys.SignalTimer
	closed bool
	ticks  Ticks
}

// Ticks is a Timer's account.
type Ticks struct {
	Signals  uint64 // signals that were taken
	Overruns uint64 // expirations that these stand for beyond the first one each
}

// Expirations is how often the timer has expired, as far as its signals have been
// taken.
func (t Ticks) Expirations() uint64 { return t.Signals + t.Overruns }

// NewTimer makes a timer that sends sig to this process. It is not set yet. Who
// wants to see its signals receives sig with [Notify] or a [Reader]; the Timer
// keeps its account without that, and keeps the signal's former action off until
// Close.
//
// The errors are those of Notify, and EAGAIN when the user has as many signals
// queued, or timers, as it may (RLIMIT_SIGPENDING).
func NewTimer(sig os.Signal, clock Clock) (*Timer, error) {
	signo, err := number(sig)
	if err != nil {
		return nil, err
	}
	clocks := [...]int{Monotonic: sys.ClockMonotonic, Boottime: sys.ClockBoottime, Realtime: sys.ClockRealtime}
	if clock < 0 || int(clock) >= len(clocks) {
		return nil, fmt.Errorf("signals: there is no clock %d", clock)
	}
	var random [4]byte
	rand.Read(random[:]) // never fails, by its documentation
	t := &Timer{signo: signo, token: int32(binary.NativeEndian.Uint32(random[:]) >> 1)}
	t.close = sync.OnceValue(t.end)
	if err := process.add(t, []int{signo}); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.timer, err = sys.NewSignalTimer(clocks[clock], signo, uintptr(t.token)); err != nil {
		t.closed = true
		t.mu.Unlock()
		process.remove(t, []int{signo})
		t.mu.Lock()
		return nil, fmt.Errorf("signals: new timer: %w", err)
	}
	return t, nil
}

// Set makes the timer expire after first, and from then on at intervals of every if
// that is not 0. An earlier setting is replaced. First must be more than 0 and
// every not less. After Close the error is os.ErrClosed.
func (t *Timer) Set(first, every time.Duration) error {
	if first <= 0 || every < 0 {
		return fmt.Errorf("signals: set a timer to %v and every %v", first, every)
	}
	return t.set(first, every)
}

// Stop makes the timer expire no more, until Set. A signal that is queued may be
// withdrawn by the kernel or still arrive.
func (t *Timer) Stop() error { return t.set(0, 0) }

func (t *Timer) set(first, every time.Duration) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return fmt.Errorf("signals: the timer is closed: %w", os.ErrClosed)
	}
	if err := t.timer.Set(first, every); err != nil {
		return fmt.Errorf("signals: set a timer: %w", err)
	}
	return nil
}

// Ticks returns the account.
func (t *Timer) Ticks() Ticks {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ticks
}

// Sent says whether a signal is one of this timer's. It looks at the code and at a
// random value, which keeps signals of other timers apart; a process of the same
// user that wants to can find it out (/proc/PID/timers, proc(5)).
func (t *Timer) Sent(info siginfo.Info) bool {
	record := info.Raw()
	return t.sent(&record)
}

func (t *Timer) sent(r *siginfo.Record) bool {
	return r.Code() == siginfo.Timer && r.Signo() == t.signo && int32(r.Ptr()) == t.token
}

func (t *Timer) deliver(r *siginfo.Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sent(r) {
		t.ticks.Signals++
		t.ticks.Overruns += uint64(r.Overrun())
	}
}

// lose does nothing: whose signals those were is not known.
func (t *Timer) lose(uint64) {}

// Close ends the timer and gives its signal back, as Reader.Close does. A second
// Close waits for the first and returns the same.
func (t *Timer) Close() error { return t.close() }

func (t *Timer) end() error {
	t.mu.Lock()
	t.closed = true
	err := t.timer.Delete()
	t.mu.Unlock()
	process.remove(t, []int{t.signo})
	if err != nil {
		return fmt.Errorf("signals: close a timer: %w", err)
	}
	return nil
}
