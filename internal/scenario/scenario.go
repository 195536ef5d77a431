// Package scenario is one table with two readers. For each thing that can
// happen to a descriptor it provokes the event on the running kernel, collects
// every signal that comes of it, and knows what should have come. `sigio trace
// NAME` shows and explains a row; the package's tests run all of them, so that
// a kernel which behaves differently is noticed by the row's name.
//
// Nothing here uses the engine: a scenario shows what the kernel sends, one
// record for one event, before anything merges or filters it.
package scenario

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/seed-067c1534/sigio/internal/spelling"
	"github.com/seed-067c1534/sigio/siginfo"
)

// Signal is the real-time signal that scenarios choose with F_SETSIG.
const Signal = 40

// Condition is one of the nine conditions under which, by the classic
// description of signal-driven I/O, a socket sends SIGIO.
type Condition string

// The nine conditions. Each belongs to exactly one scenario.
const (
	ConnectionRequested Condition = "TCP: a connection request has been completed on a listening socket"
	DisconnectInitiated Condition = "TCP: a disconnect has been initiated"
	DisconnectCompleted Condition = "TCP: a disconnect has been completed"
	HalfShutDown        Condition = "TCP: half of a connection has been shut down"
	DataArrived         Condition = "TCP: data has arrived"
	DataSent            Condition = "TCP: data has been sent, there is space again"
	AsynchronousError   Condition = "TCP: an asynchronous error has occurred"
	DatagramArrived     Condition = "UDP: a datagram has arrived"
	DatagramError       Condition = "UDP: an asynchronous error has occurred"
)

// Conditions returns the nine in their usual order.
func Conditions() []Condition {
	return []Condition{
		ConnectionRequested, DisconnectInitiated, DisconnectCompleted, HalfShutDown, DataArrived,
		DataSent, AsynchronousError, DatagramArrived, DatagramError,
	}
}

// Scenario is one row: what is set up, what is done, what must come of it, and
// why. All fields are read-only; Run may be called for one Scenario at any time.
type Scenario struct {
	Name      string    // what a user types: lower case, words joined by hyphens
	Title     string    // one line
	Condition Condition // "" unless this row shows one of the nine
	Explain   string    // what the kernel did and why, in plain English
	Steps     []Step    // in order; each begins when the signals of the last have come

	setup     func(*env) // makes and arms the descriptors
	urgent    bool       // SIGURG is collected too
	exclusive bool       // changes a limit of the process: no other may run beside it
}

// Step is one thing that is done, and what must come of it.
type Step struct {
	Text string // what is done: "the client calls shutdown(SHUT_WR)"
	Want []Want // the signals that must come, and no others; empty: none at all
	Look []Look // what poll(2) must say afterwards, where that teaches something

	do    func(*env)
	check func(*env) // what else must hold, once the signals have been collected
}

// Want is a number of like signals for one descriptor. Signals for one
// descriptor come in the order of the list; between descriptors no order is
// promised.
type Want struct {
	Role     string       // name of the descriptor, "" for a signal that names none
	Signo    int          // signal number
	Code     siginfo.Code // reason
	Min, Max int          // how many; Max is larger where the kernel may merge
}

// String is for explanations and failures: "server: POLL_IN ×2".
func (w Want) String() string {
	s := describe(w.Role, w.Signo, w.Code)
	switch {
	case w.Min == w.Max && w.Min == 1:
		return s
	case w.Min == w.Max:
		return fmt.Sprintf("%s ×%d", s, w.Min)
	case w.Max == math.MaxInt:
		return fmt.Sprintf("%s ×%d or more", s, w.Min)
	default:
		return fmt.Sprintf("%s ×%d to %d", s, w.Min, w.Max)
	}
}

func describe(role string, signo int, code siginfo.Code) string {
	s := code.Name(signo)
	if signo != Signal {
		s = siginfo.SignalName(signo) + " " + s
	}
	if role == "" {
		return "no descriptor: " + s
	}
	return role + ": " + s
}

// Look is a descriptor's state in the words of poll(2).
type Look struct {
	Role  string
	State siginfo.Band
}

// Kind says what an Entry reports.
type Kind int

// Kinds of entries.
const (
	KindArmed  Kind = iota // a descriptor's signals were switched on: Role, Descriptor
	KindStep               // something is done: Text
	KindSignal             // a signal was taken off the queue: Record, Role, Descriptor
	KindLook               // poll(2) was asked: State, Role, Descriptor
	KindNote               // what a call returned, or what to notice: Text
)

// Entry is one line of a run, in the order in which things happened.
type Entry struct {
	At         time.Duration // since the run began; for a signal, when it was taken off the queue
	Kind       Kind
	Text       string
	Role       string         // "server"; "" for a signal that names no descriptor of ours
	Descriptor string         // "the server's listening socket, fd 7 (TCP 127.0.0.1:43211)"
	Record     siginfo.Record // KindSignal only
	State      siginfo.Band   // KindLook only
}

// String is one line for a log: "   1.234ms  signal 40 POLL_IN ...".
func (e Entry) String() string {
	at := fmt.Sprintf("%10.3fms  ", float64(e.At.Microseconds())/1000)
	switch e.Kind {
	case KindArmed:
		return at + "armed   " + e.Descriptor
	case KindStep:
		return at + "step    " + e.Text
	case KindSignal:
		return at + "signal  " + describe(e.Role, e.Record.Signo(), e.Record.Code()) + "  " + e.Descriptor
	case KindLook:
		return at + "poll    " + e.State.String() + "  " + e.Descriptor
	default:
		return at + "note    " + e.Text
	}
}

// Result is what one run showed.
type Result struct {
	Entries  []Entry
	Skipped  string   // why this machine cannot run it; "" if it ran
	Mismatch []string // what differed from the expectation, a sentence each
}

// Matched reports whether the kernel did what the scenario expects.
func (r Result) Matched() bool { return r.Skipped == "" && len(r.Mismatch) == 0 }

// Signals returns the entries that report a signal.
func (r Result) Signals() []Entry {
	return slices.DeleteFunc(slices.Clone(r.Entries), func(e Entry) bool { return e.Kind != KindSignal })
}

// All returns every scenario: the nine conditions first, in their order, then
// the others. Only Linux has any.
func All() []Scenario {
	all := table()
	order := Conditions()
	rank := func(s Scenario) int {
		if i := slices.Index(order, s.Condition); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortStableFunc(all, func(a, b Scenario) int { return rank(a) - rank(b) })
	return all
}

// ErrUnknown is wrapped by the error of Find.
var ErrUnknown = errors.New("no such scenario")

// Find returns the scenario of that name. A miss is ErrUnknown and names the
// scenario that may have been meant.
func Find(name string) (Scenario, error) {
	var names []string
	for _, s := range All() {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	best := spelling.Likely(name, names)
	if best == "" {
		return Scenario{}, fmt.Errorf("%w: %q", ErrUnknown, name)
	}
	return Scenario{}, fmt.Errorf("%w: %q; did you mean %q?", ErrUnknown, name, best)
}
