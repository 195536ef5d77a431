package siginfo

import "strconv"

// minRealTime is SIGRTMIN as the C library defines it: it keeps the kernel's
// first two real-time signals, 32 and 33, for its threads. Names count from
// here, as in the output of kill -l.
const minRealTime = 34

// SignalName returns the name of a Linux signal number as kill -l prints it:
// "SIGIO", "SIGRTMIN+6", and in the upper half "SIGRTMAX-14". A number that has
// no name becomes "SIG33".
func SignalName(signo int) string {
	switch {
	case signo > 0 && signo < len(signalNames):
		return signalNames[signo]
	case signo == minRealTime:
		return "SIGRTMIN"
	case signo == maxSigno:
		return "SIGRTMAX"
	case signo > minRealTime && signo <= (minRealTime+maxSigno)/2:
		return "SIGRTMIN+" + strconv.Itoa(signo-minRealTime)
	case signo > minRealTime && signo < maxSigno:
		return "SIGRTMAX-" + strconv.Itoa(maxSigno-signo)
	}
	return "SIG" + strconv.Itoa(signo)
}
