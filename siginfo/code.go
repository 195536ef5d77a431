package siginfo

import "strconv"

// Code is si_code: why a signal was sent, or by which means. Most positive codes
// mean something only together with the signal's number; [Code.Name] takes both.
type Code int32

// Reasons of an I/O signal: a real-time signal or SIGIO that was asked for with
// F_SETSIG (fcntl(2)). The names are the kernel's, include/uapi/asm-generic/siginfo.h.
const (
	PollIn  Code = 1 // POLL_IN: something to read, accept, or the end of a stream
	PollOut Code = 2 // POLL_OUT: room to write, or a connect has finished
	PollMsg Code = 3 // POLL_MSG: a lease is being broken, or a watched directory changed
	PollErr Code = 4 // POLL_ERR: an error, or an entry in a socket's error queue
	PollPri Code = 5 // POLL_PRI: urgent data
	PollHup Code = 6 // POLL_HUP: both directions are closed
)

// Means by which a signal was sent, the same for every signal. Timer, MesgQ and
// AsyncIO have other numbers on MIPS.
const (
	User     Code = 0    // SI_USER: kill(2)
	Kernel   Code = 0x80 // SI_KERNEL: the kernel, without saying more
	Queue    Code = -1   // SI_QUEUE: sigqueue(3)
	SigIO    Code = -5   // SI_SIGIO: an I/O signal whose number has codes of its own
	TKill    Code = -6   // SI_TKILL: tkill(2), tgkill(2), raise(3)
	DeThread Code = -7   // SI_DETHREAD: execve(2) ends the other threads
	AsyncNL  Code = -60  // SI_ASYNCNL: getaddrinfo_a(3) has finished
)

const (
	busMceerrAR Code = 4 // BUS_MCEERR_AR
	busMceerrAO Code = 5 // BUS_MCEERR_AO
)

// Name returns the name that the kernel's headers give to code c of signal
// signo: "POLL_IN", "SI_QUEUE", "CLD_EXITED". A code without a name becomes
// "code 17".
func (c Code) Name(signo int) string {
	switch c {
	case User:
		return "SI_USER"
	case Kernel:
		return "SI_KERNEL"
	case Queue:
		return "SI_QUEUE"
	case Timer:
		return "SI_TIMER"
	case MesgQ:
		return "SI_MESGQ"
	case AsyncIO:
		return "SI_ASYNCIO"
	case SigIO:
		return "SI_SIGIO"
	case TKill:
		return "SI_TKILL"
	case DeThread:
		return "SI_DETHREAD"
	case AsyncNL:
		return "SI_ASYNCNL"
	}
	codes := pollCodes
	if f := familyOf(signo); f != nil && int(c) < len(f.codes) {
		codes = f.codes
	}
	if c > 0 && int(c) < len(codes) {
		return codes[c]
	}
	return "code " + strconv.Itoa(int(c))
}

// family is a signal that has codes of its own, named at their index.
type family struct {
	layout layout
	codes  []string
}

// familyOf returns nil for a signal without codes of its own. Those, SIGIO and
// the real-time signals among them, use pollCodes.
func familyOf(signo int) *family {
	switch signo {
	case sigILL:
		return &illFamily
	case sigFPE:
		return &fpeFamily
	case sigSEGV:
		return &segvFamily
	case sigBUS:
		return &busFamily
	case sigTRAP:
		return &trapFamily
	case sigCHLD:
		return &childFamily
	case sigSYS:
		return &sysFamily
	case sigEMT:
		return &emtFamily
	}
	return nil
}

// The tables follow include/uapi/asm-generic/siginfo.h. Two leading underscores
// mark codes that only IA-64 and FR-V kernels have sent.
var (
	pollCodes = []string{1: "POLL_IN", "POLL_OUT", "POLL_MSG", "POLL_ERR", "POLL_PRI", "POLL_HUP"}

	illFamily = family{layoutFault, []string{
		1: "ILL_ILLOPC", "ILL_ILLOPN", "ILL_ILLADR", "ILL_ILLTRP", "ILL_PRVOPC", "ILL_PRVREG",
		"ILL_COPROC", "ILL_BADSTK", "ILL_BADIADDR", "__ILL_BREAK", "__ILL_BNDMOD",
	}}
	fpeFamily = family{layoutFault, []string{
		1: "FPE_INTDIV", "FPE_INTOVF", "FPE_FLTDIV", "FPE_FLTOVF", "FPE_FLTUND", "FPE_FLTRES",
		"FPE_FLTINV", "FPE_FLTSUB", "__FPE_DECOVF", "__FPE_DECDIV", "__FPE_DECERR", "__FPE_INVASC",
		"__FPE_INVDEC", "FPE_FLTUNK", "FPE_CONDTRAP",
	}}
	segvFamily = family{layoutFault, []string{
		1: "SEGV_MAPERR", "SEGV_ACCERR", "SEGV_BNDERR", "SEGV_PKUERR", "SEGV_ACCADI", "SEGV_ADIDERR",
		"SEGV_ADIPERR", "SEGV_MTEAERR", "SEGV_MTESERR", "SEGV_CPERR",
	}}
	busFamily = family{layoutFault, []string{
		1: "BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR", "BUS_MCEERR_AR", "BUS_MCEERR_AO",
	}}
	trapFamily = family{layoutFault, []string{
		1: "TRAP_BRKPT", "TRAP_TRACE", "TRAP_BRANCH", "TRAP_HWBKPT", "TRAP_UNK", "TRAP_PERF",
	}}
	childFamily = family{layoutChild, []string{
		1: "CLD_EXITED", "CLD_KILLED", "CLD_DUMPED", "CLD_TRAPPED", "CLD_STOPPED", "CLD_CONTINUED",
	}}
	sysFamily = family{layoutSys, []string{1: "SYS_SECCOMP", "SYS_USER_DISPATCH"}}
	emtFamily = family{layoutFault, []string{1: "EMT_TAGOVF"}}
)
