// Package siginfo decodes what the Linux kernel says about a signal: which
// descriptor became ready, who sent it, which value came with it.
//
// A [Record] is one struct signalfd_siginfo, the 128 bytes that read(2) on a
// signalfd(2) returns. Its accessors read single fields and allocate nothing;
// an event loop uses them. [FromNative] makes the same Record of the siginfo_t
// that rt_sigtimedwait(2) or a signal handler gets. [Info] is the comfortable
// form: it knows which fields a signal really carries, prints itself, and logs
// itself through log/slog and encoding/json.
//
// The package makes no system call and builds on every operating system, so
// that a recording made on Linux can be read on any machine of the same byte
// order. Numbers and names are
// those of Linux on the architecture that the program is built for; only MIPS
// differs from the rest. Nothing here keeps state: every function may be called
// from any goroutine, as long as nobody writes to the Record meanwhile.
//
// # Trust
//
// A positive code comes from the kernel, or from the receiving process itself:
// rt_sigqueueinfo(2) refuses it from anybody else. Negative codes, and every
// field beside them, are what the sender chose to write, and any process of the
// same user may send. The exception is [TKill] and [User] (zero), where the
// kernel fills in the sender's pid and uid.
package siginfo
