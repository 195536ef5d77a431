package scenario

import (
	"errors"
	"time"

	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// "Nothing comes" needs a proof. Loopback packets are processed in the sender's
// own system call, as a rule; under load the kernel leaves them to a thread of
// its own. But it keeps them in order, so when a datagram sent later has
// signalled, all that was sent earlier has been processed. A reply to it (a
// reset, an ICMP error) was queued behind the datagram, hence a second round.

var errFence = errors.New("no signal for a datagram that was sent to test the queue; " +
	"is the user's quota of queued signals used up (RLIMIT_SIGPENDING)?")

func (e *env) openFence() error {
	fd, err := sys.ListenUDP(loopback, sys.ListenOptions{})
	if err != nil {
		return err
	}
	e.fenceFD = fd
	to, err := sys.LocalAddr(fd)
	if err != nil {
		return err
	}
	return errors.Join(sys.Connect(fd, to), sys.SetOwnerThread(fd, e.tid),
		sys.SetSignal(fd, Signal), sys.SetAsync(fd, true))
}

func (e *env) isFence(r *siginfo.Record) bool {
	return r.Signo() == Signal && r.Code() == siginfo.PollIn && r.FD() == e.fenceFD
}

func (e *env) fence() {
	e.fenced = false
	_, err := sys.Send(e.fenceFD, []byte("x"))
	e.must(err)
	for deadline := time.Now().Add(e.patience); !e.fenced; {
		if time.Now().After(deadline) {
			panic(stop{err: errFence})
		}
		e.take(settleTime)
	}
	var b [1]byte
	_, err = sys.Recv(e.fenceFD, b[:])
	e.must(err)
}

// settle returns when everything sent so far has been processed and no signal
// has come for settleTime.
func (e *env) settle() {
	e.fence()
	e.fence()
	for e.take(settleTime) {
	}
}
