//go:build mips || mipsle || mips64 || mips64le

package siginfo

// Codes whose numbers depend on the architecture: MIPS took those of IRIX
// (arch/mips/include/uapi/asm/siginfo.h).
const (
	Timer   Code = -3 // SI_TIMER: a POSIX timer has expired, timer_create(2)
	MesgQ   Code = -4 // SI_MESGQ: a message queue is no longer empty, mq_notify(3)
	AsyncIO Code = -2 // SI_ASYNCIO: an asynchronous request has finished, aio(7)
)

// Band bits whose values depend on the architecture
// (arch/mips/include/uapi/asm/poll.h).
const (
	WrNorm Band = Out    // room to write normal data
	WrBand Band = 0x0100 // room to write data of a priority band
)

// native is how this architecture's kernel fills a siginfo_t.
var native = abi{word: wordSize, codeFirst: true}

// maxSigno is the highest signal number that the C library hands out; the
// kernel has 128.
const maxSigno = 127

// Signals that have codes of their own, arch/mips/include/uapi/asm/signal.h.
const (
	sigILL  = 4
	sigTRAP = 5
	sigEMT  = 7
	sigFPE  = 8
	sigBUS  = 10
	sigSEGV = 11
	sigSYS  = 12
	sigCHLD = 18
	sigIO   = 22
)

var signalNames = [...]string{
	1: "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGEMT", "SIGFPE",
	"SIGKILL", "SIGBUS", "SIGSEGV", "SIGSYS", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGUSR1",
	"SIGUSR2", "SIGCHLD", "SIGPWR", "SIGWINCH", "SIGURG", "SIGIO", "SIGSTOP", "SIGTSTP",
	"SIGCONT", "SIGTTIN", "SIGTTOU", "SIGVTALRM", "SIGPROF", "SIGXCPU", "SIGXFSZ",
}
