package signals

import "syscall"

// kept lists the signals that are not to be had, and why.
var kept = map[int]string{
	int(syscall.SIGKILL): "no process can receive it",
	int(syscall.SIGSTOP): "no process can receive it",
	int(syscall.SIGILL):  fault,
	int(syscall.SIGTRAP): fault,
	int(syscall.SIGBUS):  fault,
	int(syscall.SIGFPE):  fault,
	int(syscall.SIGSEGV): fault,
	int(syscall.SIGSYS):  fault,
	int(syscall.SIGURG):  "the Go runtime interrupts goroutines with it",
	int(syscall.SIGPROF): "the Go runtime takes its CPU profiles with it",
	int(syscall.SIGPIPE): "the Go runtime makes the error EPIPE of it",
	signalStackFault:     "the Go runtime takes it for a fault",
}

const (
	fault            = "the Go runtime makes a panic of it, since it is about the program's own instructions"
	signalStackFault = 16 // SIGSTKFLT, on the architectures that this package is for
)

// urgentSignal always has the Go runtime's handler.
const urgentSignal = int(syscall.SIGURG)

// quiet says whether a signal must not be asked of os/signal, which would never
// put back its default action: those that stop a program (runtime/signal_unix.go,
// sigdisable).
func quiet(signo int) bool {
	switch syscall.Signal(signo) {
	case syscall.SIGCONT, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU:
		return true
	}
	return false
}
