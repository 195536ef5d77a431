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

	hot bool // the loop looks again in the next turn
}

// Short says whether a read, receive or accept that brought less than was asked
// for may be taken for the last one: a handler that then returns Drained, without
// another call that says EAGAIN, misses nothing. It is so when this event stands
// for one arrival, behind which nothing can have come unnoticed, and when the loop
// looks at the descriptor again in its next turn anyway. It is not so when signals
// were merged: the one of the end of file may be among them.
func (ev Event) Short() bool {
	const plain = siginfo.In | siginfo.RdNorm | siginfo.Out | siginfo.WrNorm | siginfo.WrBand
	return ev.hot || ev.Signals <= 1 && ev.Band != 0 && ev.Band&^plain == 0
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
