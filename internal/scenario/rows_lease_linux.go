package scenario

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// leased makes a file with a lease on it.
func leased(kind sys.LeaseKind) func(*env) {
	return func(e *env) {
		e.path = filepath.Join(e.tempDir(), "file")
		e.must(os.WriteFile(e.path, []byte("hello"), 0o600))
		fd, err := sys.Open(e.path, os.O_RDONLY)
		e.own("file", "the leased file", fd, err)
		e.lease("file", kind)
	}
}

// lease arms a descriptor as a lease wants it: owner and signal are set, and
// the lease itself is what switches the signals on.
func (e *env) lease(name string, kind sys.LeaseKind) {
	x := e.end(name)
	e.must(sys.SetOwnerThread(x.fd, e.tid))
	e.must(sys.SetSignal(x.fd, Signal))
	err := sys.SetLease(x.fd, kind)
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EAGAIN) {
		e.skip("the file system of temporary files grants no leases: %v", err)
	}
	e.must(err)
	x.armed, x.asFD = true, x.fd
	x.shown = fmt.Sprintf("%s, fd %d", x.text, x.fd)
	e.add(Entry{Kind: KindArmed, Role: name, Descriptor: x.shown})
}

// opens opens the leased file as somebody who is not willing to wait.
func opens(flag int) action {
	return func(e *env) {
		fd, err := sys.Open(e.path, flag)
		e.note("open %s", outcome(0, err))
		if err == nil {
			e.must(sys.Close(fd))
		}
	}
}

// setLease changes the lease or ends it.
func setLease(kind sys.LeaseKind) action {
	return func(e *env) { e.must(sys.SetLease(e.fd("file"), kind)) }
}

func leaseRows() []Scenario {
	return []Scenario{{
		Name: "lease-write", Title: "Write lease: somebody opens the file",
		Explain: "The holder of a write lease is told before anybody else opens the file: POLL_MSG, once for each break, however " +
			"many wait. Opening it for writing as well, before the holder has answered, breaks the lease a second time, for good. " +
			"One that opens with O_NONBLOCK gets EAGAIN and breaks the lease all the same.",
		setup: leased(sys.WriteLease),
		Steps: []Step{
			{Text: "the file's mode is changed, and its name", do: func(e *env) {
				e.must(os.Chmod(e.path, 0o640))
				e.must(os.Rename(e.path, e.path+".new"))
				e.path += ".new"
			}},
			{Text: "somebody opens it to read", do: opens(os.O_RDONLY), Want: one("file", siginfo.PollMsg)},
			{Text: "another one does", do: opens(os.O_RDONLY)},
			{Text: "somebody opens it to write", do: opens(os.O_WRONLY), Want: one("file", siginfo.PollMsg)},
			{Text: "the lease is released, and the file opened", do: all(setLease(sys.NoLease), opens(os.O_WRONLY))},
		},
	}, {
		Name: "lease-read", Title: "Read lease: somebody opens the file for writing",
		Explain: "The holder of a read lease is told before anybody writes. Readers do not disturb it. When the lease has ended, " +
			"the kernel forgets the owner and the signal of the descriptor: both must be set again before the next one.",
		setup: leased(sys.ReadLease),
		Steps: []Step{
			{Text: "somebody opens it to read", do: opens(os.O_RDONLY)},
			{Text: "somebody opens it to write", do: opens(os.O_WRONLY), Want: one("file", siginfo.PollMsg)},
			{Text: "the lease is released", do: func(e *env) {
				setLease(sys.NoLease)(e)
				owner, err := sys.OwnerThread(e.fd("file"))
				e.must(err)
				signo, err := sys.Signal(e.fd("file"))
				e.must(err)
				e.note("the owner is thread %d, the signal %d", owner, signo)
				if owner != 0 || signo != 0 {
					e.fail("the end of a lease: expected no owner and no signal, observed thread %d and signal %d", owner, signo)
				}
			}},
			{Text: "it is taken again, and somebody opens it to write", do: func(e *env) {
				e.lease("file", sys.ReadLease)
				opens(os.O_WRONLY)(e)
			}, Want: one("file", siginfo.PollMsg)},
		},
	}}
}
