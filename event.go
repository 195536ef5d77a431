package sigio

import "github.com/seed-067c1534/sigio/siginfo"

// Event is why a handler is called. It is a hint; see the package's contract.
type Event struct {
	// Band is the union of what the merged signals said, or of what poll(2)
	// found when the loop looked. It is zero when the handler is called because
	// it had returned More, or because of Watch.Again.
	Band siginfo.Band
	// Signals is the number of signals merged into this event. It is zero when
	// there was none: the loop looked, or the handler was to be called again.
	Signals int
}

// Result is what a handler says of the work that is left.
type Result int

const (
	// Drained says that the handler went on until EAGAIN, or that it wants
	// nothing more now: it is called again at the next event.
	Drained Result = iota
	// More says that the handler stopped while there was work left, so as to
	// let others run. It is called again in the next turn of the loop, after
	// every other descriptor that is ready.
	More
)

// Handler does the work of one descriptor, or of many: w says which one.
type Handler interface {
	// Ready is called on the loop's thread when w's descriptor may be ready. It
	// must not block. It may use w and the loop freely, and may close w.
	//
	// A panic in Ready ends the loop with a *PanicError. runtime.Goexit in
	// Ready (as testing's FailNow does) ends the thread; the loop goes on with
	// a new one.
	Ready(w *Watch, ev Event) Result
}

// HandlerFunc is a function as a Handler.
type HandlerFunc func(w *Watch, ev Event) Result

// Ready calls f.
func (f HandlerFunc) Ready(w *Watch, ev Event) Result { return f(w, ev) }
