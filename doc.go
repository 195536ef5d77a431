// Package sigio is signal-driven I/O: the kernel sends a signal when a
// descriptor can be read or written, and a [Loop] turns those signals into
// calls of handlers, complete (which descriptor, why), in batches, none lost.
//
// # How it works
//
// A [Loop] is one operating system thread with one queue of signals. [Loop.Watch]
// arms a descriptor: fcntl(2) F_SETOWN_EX names the thread, F_SETSIG a real-time
// signal, ioctl(2) FIOASYNC switches it on. From then on the kernel queues a
// siginfo for every event: data arrived, there is room to write again, the peer
// closed, an error. The loop takes them in batches from a signalfd(2), merges
// those of one descriptor, and calls each descriptor's [Handler] once. When there
// is nothing to do it sleeps in rt_sigtimedwait(2). No epoll(7) is involved.
//
// A descriptor that is ready again and again has its signals switched off for a
// while ([Options.Linger]): the loop looks at all such descriptors with one
// poll(2) in each turn, which under load costs less than a signal for each event,
// as a network driver masks its interrupts under load. When they fall silent,
// their signals are switched on again.
//
// # The contract of an event
//
// An event is a hint, not a fact. It can be spurious (there is nothing to
// read), repeated (two signals for one end of file) or stale (the descriptor's
// number was closed and given to another file while the signal was queued). It
// can come from any process of the same user, which may arm its own descriptors
// to signal this thread. Events of different descriptors have no order.
//
// So a handler
//
//   - uses non-blocking I/O only, and never assumes that it will succeed;
//   - reads, writes or accepts until the call says EAGAIN and returns [Drained],
//     or stops earlier so as to let others run and returns [More]: the kernel
//     sends no second signal for what is left lying;
//   - believes an end of file or an error only from the call itself.
//
// The loop for its part promises that a handler is called at least once after
// every event that happens after [Loop.Watch] has returned, and once for what was
// there before; that it is called on the loop's thread only, never twice at the
// same time, and never after [Watch.Close] has returned.
//
// # Loss
//
// The kernel counts queued signals per user (RLIMIT_SIGPENDING, getrlimit(2)).
// When the count is used up, by this process or another one, it sends a single
// plain SIGIO in place of the rest. The loop then looks at every descriptor with
// poll(2), calls the handlers of those that are ready, and counts an overflow and
// a sweep in [Stats]. Nothing is lost, even with a limit of zero.
//
// # What a handler must not do
//
// A handler has the loop's thread: while it blocks, nothing else is served. And
// that thread has signals blocked, which a process that is started from it would
// inherit (os/exec restores the mask of the thread it runs on). Work that blocks
// or starts processes leaves the loop with [Loop.Go], and comes back with
// [Loop.Post].
//
// # Signals of the process
//
// A loop never touches the process's signal handlers, and blocks its two signals
// (its real-time signal and SIGIO) on its own thread alone. It uses number 40
// unless [Options.Signal] says otherwise; several loops share a number, since
// each is sent its own. Two things elsewhere in a program can disturb it, and
// both are repaired by the periodic look of [Options.Verify]: signal.Ignore of
// its signals discards what is queued, and code that changes the flags or the
// owner of a watched descriptor silences it. A program that handles plain SIGIO
// itself through os/signal should not run a loop beside it: the loop takes SIGIO
// that is sent to the process as a sign that an event was lost.
package sigio
