package sigio_test

import (
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/internal/sys"
)

// verifySoon is a period of the verification that a test can wait for.
var verifySoon = sigio.Options{Verify: 20 * time.Millisecond}

// A terminal's hang-up sends no signal, and the kernel switches its signals off.
//
// Without the look of the verification the end was never read.
func TestHazard15TerminalHangsUp(t *testing.T) {
	t.Parallel()
	for _, side := range []string{"master", "slave"} {
		t.Run(side, func(t *testing.T) {
			t.Parallel()
			l := newLoop(t, verifySoon)
			ours, theirs, err := sys.OpenPTY()
			if err != nil {
				t.Skip("no terminals here: ", err)
			}
			if side == "slave" {
				ours, theirs = theirs, ours
			}
			t.Cleanup(func() { sys.Close(ours) })
			s := new(sink)
			watch(t, l, ours, s)
			settle(t, l)
			sys.Close(theirs)
			sigtest.Until(t, "the end", func() bool { return s.ends.Load()+s.errors.Load() == 1 })
		})
	}
}

// Others who hold a watched description can silence it. The loop finds that out,
// repairs it, and reads what it has missed; its thread never sleeps in a read.
//
// Without signalQueue.Verify none of them was repaired; without its part about
// O_NONBLOCK the blocking one was not.
func TestHazard19Silenced(t *testing.T) {
	t.Parallel()
	for name, silence := range map[string]func(t *testing.T, fd int){
		"flags":    setFlags,
		"owner":    giveToChild,
		"signal":   func(t *testing.T, fd int) { sys.SetSignal(fd, 0) },
		"blocking": blockInRead,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLoop(t, verifySoon)
			a, b := tcpPair(t, sys.TCP)
			s := &sink{socket: true}
			watch(t, l, a, s)
			settle(t, l)
			silence(t, a)
			if !portable { // where the owner is set anew without being asked for
				sigtest.Until(t, "the repair", func() bool { return l.Stats().Repaired > 0 })
			}
			awaitSignal(t, l, b, s)
			sigtest.Until(t, "the mode", func() bool {
				flags, err := sys.Flags(a)
				return err != nil || flags&sys.FlagNonblock != 0
			})
		})
	}
}

// awaitSignal sends to s until it hears of it by a signal, and checks that it gets
// everything meanwhile.
func awaitSignal(t *testing.T, l *sigio.Loop, peer int, s *sink) {
	t.Helper()
	sigtest.Until(t, "a signal", func() bool {
		before, n := l.Stats(), s.bytes.Load()
		send(t, peer, "heard")
		s.await(t, n+5)
		settle(t, l)
		after := l.Stats()
		return after.Delivered+after.Overflows > before.Delivered+before.Overflows
	})
}

// setFlags does what programs do that know of no flag but the one they want.
func setFlags(t *testing.T, fd int) {
	if err := sys.SetFlags(fd, sys.FlagNonblock); err != nil {
		t.Error(err)
	}
}

// giveToChild makes a child process the owner, which then ends.
func giveToChild(t *testing.T, fd int) {
	child := exec.Command("cat")
	stdin, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Skip(err)
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETOWN, child.Process.Pid); err != nil {
		t.Error(err)
	}
	stdin.Close()
	child.Wait()
}

// blockInRead does what os.File.Fd does, and sleeps in a look at what comes, during
// which the kernel sends no signal for it.
func blockInRead(t *testing.T, fd int) {
	dup, err := sys.Dup(fd)
	if err != nil {
		t.Fatal(err)
	}
	reading := make(chan bool)
	block := func() {
		if err := unix.SetNonblock(dup, false); err != nil {
			t.Error(err)
		}
	}
	block()
	go func() {
		defer close(reading)
		for n := -1; n < 0; { // the repair may come before it sleeps
			if n, _, err = unix.Recvfrom(dup, make([]byte, 1), unix.MSG_PEEK); err != nil {
				block()
			}
		}
	}()
	t.Cleanup(func() {
		sys.Shutdown(dup, sys.ShutBoth)
		await(t, reading, "the other reader")
		sys.Close(dup)
	})
}

// The kernel drops the signals of a description whose owner was set by another
// user than the process runs as now (sigio_perm), until it is set again: a Verify
// that left an owner alone which looked right heard no more signals.
func TestChangeOfUser(t *testing.T) {
	t.Parallel()
	if syscall.Getuid() != 0 {
		t.Skip("only root can change its user")
	}
	if !sigtest.Alone(t) {
		return
	}
	become := func(uid int) {
		t.Helper()
		// The real and the effective one; root stays the saved one, for the way back.
		if err := syscall.Setresuid(0, 0, 0); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Setresuid(uid, uid, 0); err != nil {
			t.Fatal(err)
		}
	}
	become(1001)
	l := newLoop(t, verifySoon)
	a, b := pair(t)
	s := new(sink)
	watch(t, l, a, s)
	send(t, b, "x")
	s.await(t, 1)
	become(1002)
	awaitSignal(t, l, b, s)
	become(0)
}

// signal.Ignore throws away what is queued, on every thread. Without the look of
// the verification what had been lost was never read.
func TestSignalsIgnored(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]int{"mark of a loss": 0, "signal": 1000} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !sigtest.Alone(t, sigtest.SignalLimit(limit)) {
				return
			}
			l := newLoop(t, verifySoon)
			a, b := pair(t)
			s := new(sink)
			watch(t, l, a, s)
			l.Do(func() {
				send(t, b, "lost")
				signal.Ignore(syscall.SIGIO, syscall.Signal(40))
			})
			s.await(t, 4)
			for i := range int64(3) {
				send(t, b, "heard")
				s.await(t, 4+5*(i+1))
			}
		})
	}
}
