package siginfo

// layout names the member of siginfo_t's union that a signal carries.
type layout uint8

const (
	layoutKill   layout = iota // pid, uid
	layoutTimer                // timer id, overrun, value
	layoutPoll                 // band, descriptor
	layoutFault                // address
	layoutMemory               // address and how many of its low bits are unknown
	layoutChild                // pid, uid, status, times
	layoutQueue                // pid, uid, value
	layoutSys                  // system call
)

// layoutOf chooses as the kernel does (kernel/signal.c siginfo_layout): by code,
// and for small positive codes by signal. Those are ambiguous: 1 is CLD_EXITED
// in a SIGCHLD and POLL_IN in a real-time signal.
func layoutOf(signo int, code Code) layout {
	switch {
	case code == Timer:
		return layoutTimer
	case code == SigIO:
		return layoutPoll
	case code < User:
		return layoutQueue
	case code == User:
		return layoutKill
	}
	if f := familyOf(signo); f != nil && int(code) < len(f.codes) {
		if signo == sigBUS && (code == busMceerrAR || code == busMceerrAO) {
			return layoutMemory
		}
		return f.layout
	}
	if code <= PollHup {
		return layoutPoll
	}
	return layoutKill
}
