// Package signals receives the signals of the process with everything that the
// kernel says about them: who sent it, which value came with it, which child it is
// about, how often a timer expired. Package os/signal tells the number alone, and
// merges signals of one number (golang.org/issue/9764).
//
//	c := make(chan siginfo.Info, 16)
//	err := signals.Notify(c, syscall.SIGTERM)
//	...
//	info := <-c
//	pid, uid, _ := info.Sender() // who wants this program to end
//
// [Notify] is the twin of signal.Notify and sends to a channel. A [Reader] queues
// without merging and reports what it had to drop; its Next waits with a context.
// [Queue] sends a signal with a value, and a [Timer] is a timer of the kernel's that
// sends signals.
//
// # How it works
//
// A signal that is sent to a process may be taken by any thread. So this package
// puts a handler in front of the one that is installed (rt_sigaction(2)). It is
// written in assembly, without cgo, because it runs wherever the kernel calls it,
// on threads of C code as well. It copies the siginfo_t into a ring of 131,072
// places in memory, wakes the goroutine that empties the ring, and goes on to the
// former handler. It allocates nothing, takes no lock and blocks no signal. When
// the last receiver of a signal goes away the former action is put back.
//
// That handler exists for Linux on amd64 and arm64. Elsewhere everything returns
// errors.ErrUnsupported, except that [Queue] and its kin work on any Linux.
//
// # Beside os/signal
//
// A signal that both packages want reaches both. To the rest of the program
// receiving a signal here is the same as receiving it with signal.Notify: the
// action that it would have had, such as ending the program, is off until it is
// stopped. (That is how it is done, too: os/signal is asked for nearly every
// standard signal that is asked for here, and what it then sends is thrown away.) Signals
// that nobody asked for here are not touched.
//
// For SIGTSTP, SIGTTIN, SIGTTOU and SIGCONT os/signal must be asked first, if it is
// to be asked at all: it installs its handler late, in front of others, and never
// gives these signals back.
//
// Two functions of os/signal act behind this package's back: after signal.Ignore,
// and after signal.Reset, of a signal that is received here, it does not arrive
// any more, or ends the program. Do not use them for such a signal.
//
// # Which signals
//
// [Check] tells. SIGKILL and SIGSTOP cannot be received by anybody. SIGILL, SIGTRAP,
// SIGBUS, SIGFPE, SIGSEGV, SIGSYS and SIGSTKFLT are about the program's own
// instructions, and the Go runtime makes panics of them; it needs SIGURG to
// interrupt goroutines and SIGPROF for its profiles, and makes an error of SIGPIPE.
// The C library keeps 32 to 34 for itself.
//
// A signal that a thread of this process blocks for itself, as that of a running
// sigio.Loop does with its number and SIGIO, is refused by [Notify] and its kin: that
// thread would take some of them. Choose another number, or give the loop another
// one (sigio.Options). A loop that is started later is not noticed.
//
// # Complete, and in order
//
// The kernel queues real-time signals (35 to 64), and merges a standard signal
// with the same one that has not been taken yet. From there on none is merged. If
// the ring or a receiver's own queue is full, signals are dropped, counted, and
// reported. The account is exact: what senders sent is what was received, plus
// what the kernel refused to the senders (EAGAIN: see [Queue]), plus what was
// reported as lost.
//
// Signals of one number arrive in the order in which they were sent, with one
// exception that a handler cannot avoid: of signals that follow each other within
// microseconds, two threads may take one each, and run in either order. A program
// that needs the exact order of real-time signals calls [Reserve] at its start.
// Between different numbers there is no order (signal(7)).
//
// # Fork, exec, cgo, setuid, shared libraries
//
// docs/signals.md of the module tells what happens with each.
package signals
