package web

import (
	"os"
	"sync/atomic"

	"github.com/seed-067c1534/sigio/siginfo"
)

// The kinds of signals: the reasons that the kernel gives for an I/O signal, by
// their code, and the others.
const (
	kindForeign  = 0 // and before the first code
	kindOverflow = int(siginfo.PollHup) + iota
	kindWakeup
	kindCount
)

var kindNames = [kindCount]string{
	siginfo.PollIn: "POLL_IN", siginfo.PollOut: "POLL_OUT", siginfo.PollMsg: "POLL_MSG",
	siginfo.PollErr: "POLL_ERR", siginfo.PollPri: "POLL_PRI", siginfo.PollHup: "POLL_HUP",
	kindOverflow: "overflow", kindWakeup: "wake-up", kindForeign: "foreign",
}

var ownProcess = os.Getpid()

// sigIO is the number of SIGIO on this architecture.
var sigIO = func() int {
	for n := range 64 {
		if siginfo.SignalName(n) == "SIGIO" {
			return n
		}
	}
	return 0
}()

// kinds counts signals. At rest their sum is SignalStats.Received.
type kinds [kindCount]atomic.Uint64

// Observe counts a signal. It is for sigio.Options.Observe.
func (s *Server) Observe(r *siginfo.Record) { s.kinds[kindOf(r)].Add(1) }

func kindOf(r *siginfo.Record) int {
	switch c := r.Code(); {
	case c >= siginfo.PollIn && c <= siginfo.PollHup:
		return int(c)
	case r.Signo() == sigIO:
		return kindOverflow
	case c == siginfo.Queue && r.PID() == ownProcess:
		return kindWakeup
	}
	return kindForeign
}

func (k *kinds) read() (counts [kindCount]uint64) {
	for i := range k {
		counts[i] = k[i].Load()
	}
	return counts
}
