//go:build !(mips || mipsle || mips64 || mips64le)

package siginfo

// Codes whose numbers depend on the architecture.
const (
	Timer   Code = -2 // SI_TIMER: a POSIX timer has expired, timer_create(2)
	MesgQ   Code = -3 // SI_MESGQ: a message queue is no longer empty, mq_notify(3)
	AsyncIO Code = -4 // SI_ASYNCIO: an asynchronous request has finished, aio(7)
)

// Band bits whose values depend on the architecture.
const (
	WrNorm Band = 0x0100 // room to write normal data
	WrBand Band = 0x0200 // room to write data of a priority band
)

// native is how this architecture's kernel fills a siginfo_t.
var native = abi{word: wordSize}

// maxSigno is the highest signal number.
const maxSigno = 64

// Signals that have codes of their own, include/uapi/asm-generic/signal.h.
const (
	sigILL  = 4
	sigTRAP = 5
	sigBUS  = 7
	sigFPE  = 8
	sigSEGV = 11
	sigCHLD = 17
	sigIO   = 29
	sigSYS  = 31
	sigEMT  = -1 // only MIPS has it
)

var signalNames = [...]string{
	1: "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE",
	"SIGKILL", "SIGUSR1", "SIGSEGV", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT",
	"SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU",
	"SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS",
}
