package doctor

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sys"
)

// trials are the examinations that try what they examine.
func trials() []Check {
	steps, done := armingSteps()
	defer done()
	return []Check{arming(steps), delivery(), grantedBuffer(), loopback()}
}

// step is one system call of a trial.
type step struct {
	name string
	do   func() error
}

// armingSteps are the calls that switch a descriptor's signals on, in the order
// in which the engine makes them. Done gives back what they made.
func armingSteps() (steps []step, done func()) {
	a, b := -1, -1
	return []step{
			{"socketpair", func() (err error) { a, b, err = sys.Pair(sys.UnixStream); return err }},
			{"fcntl F_SETOWN_EX", func() error { return sys.SetOwnerThread(a, sys.ThreadID()) }},
			{"fcntl F_SETSIG", func() error { return sys.SetSignal(a, trialSignal) }},
			{"ioctl FIOASYNC", func() error { return sys.SetAsync(a, true) }},
			{"ioctl FIOASYNC", func() error { return sys.SetAsync(a, false) }},
		}, func() {
			sys.Close(a)
			sys.Close(b)
		}
}

const trialSignal = 40 // what the engine uses by default; nothing is sent

// arming makes the calls one by one, so that the one that a sandbox denies can
// be named.
func arming(steps []step) Check {
	// The owner is this thread, which must not change meanwhile.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c := Check{Name: "arming", Status: OK, Value: "F_SETOWN_EX, F_SETSIG and FIOASYNC are allowed",
		Meaning: "With these three calls a descriptor's signals are directed to one thread, numbered and switched on."}
	for _, s := range steps {
		if err := s.do(); err != nil {
			c.Status, c.Value = Fail, fmt.Sprintf("%s: %v", s.name, bare(err))
			c.Meaning, c.Fix = explain(err)
			return c
		}
	}
	return c
}

// deliveryTime is how long a signal may take. It takes microseconds, unless others have the
// processors. After 5 s the loop would look by itself.
const deliveryTime = 4 * time.Second

// delivery lets a loop take a real signal.
func delivery() Check {
	c := Check{Name: "delivery", Status: OK, Meaning: "A loop slept, a byte was written to its socket, and the kernel's signal reached the handler."}
	failed := func(err error) Check {
		c.Status, c.Value = Fail, bare(err).Error()
		c.Meaning, c.Fix = explain(err)
		return c
	}
	a, b, err := sys.Pair(sys.UnixStream)
	if err != nil {
		return failed(err)
	}
	defer sys.Close(b)
	defer sys.Close(a)
	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		return failed(err)
	}
	defer loop.Close()
	type arrival struct {
		at      time.Time
		signals int
	}
	arrived := make(chan arrival, 1)
	watch, err := loop.Watch(a, sigio.HandlerFunc(func(_ *sigio.Watch, ev sigio.Event) sigio.Result {
		var buf [8]byte
		if n, _ := sys.Read(a, buf[:]); n > 0 {
			arrived <- arrival{time.Now(), ev.Signals}
		}
		return sigio.Drained
	}))
	if err != nil {
		return failed(err)
	}
	defer watch.Close()
	sent := time.Now()
	if _, err := sys.Write(b, []byte{1}); err != nil {
		return failed(err)
	}
	select {
	case got := <-arrived:
		c.Value = fmt.Sprintf("a signal came after %v", got.at.Sub(sent).Round(time.Microsecond))
		if got.signals == 0 {
			c.Status, c.Value = Warn, "no signal, but the loop found the byte by looking"
			c.Meaning = "The queue of signals was full (see above), so that the loop worked by polling."
		}
	case <-time.After(deliveryTime):
		c.Status, c.Value = Fail, fmt.Sprintf("no signal within %v", deliveryTime)
		c.Meaning = "The calls succeed but no signal comes: an emulated kernel, or a sandbox, without signal-driven I/O."
		c.Fix = "run sigio on a real Linux kernel"
	}
	return c
}

// grantedBuffer asks for the buffer that sigio serve asks for.
func grantedBuffer() Check {
	c := Check{Name: "granted buffer", Status: OK, Meaning: "What a UDP socket got of the receive buffer that sigio serve asks for."}
	fd, err := sys.Socket(sys.UDP, false)
	if err != nil {
		c.Status, c.Value = Fail, bare(err).Error()
		c.Meaning, c.Fix = explain(err)
		return c
	}
	defer sys.Close(fd)
	granted, err := sys.SetReceiveBuffer(fd, wantBuffer)
	if err != nil {
		c.Status, c.Value = Warn, bare(err).Error()
		return c
	}
	granted /= 2 // the kernel doubles what is asked for, for its bookkeeping
	c.Value = fmt.Sprintf("%s of %s", size(uint64(granted)), size(wantBuffer))
	if granted < wantBuffer {
		c.Status = Warn
		c.Fix = fmt.Sprintf("sudo sysctl -w net.core.rmem_max=%d", wantBuffer)
	}
	return c
}

// loopback tries the two addresses of localhost.
func loopback() Check {
	c := Check{Name: "loopback", Status: OK, Value: "127.0.0.1 and ::1", Meaning: "Without --listen, sigio serve listens on both addresses of localhost."}
	try := func(ip string) error {
		fd, err := sys.ListenUDP(netip.AddrPortFrom(netip.MustParseAddr(ip), 0), sys.ListenOptions{})
		if err == nil {
			err = sys.Close(fd)
		}
		return err
	}
	v4, v6 := try("127.0.0.1"), try("::1")
	switch {
	case v4 != nil && v6 != nil:
		c.Status, c.Value = Fail, "none: "+bare(v4).Error()
		c.Meaning, c.Fix = "There is no loopback interface.", "sudo ip link set lo up"
	case v4 != nil:
		c.Status, c.Value = Warn, "::1 only; 127.0.0.1: "+bare(v4).Error()
	case v6 != nil:
		c.Status, c.Value = Warn, "127.0.0.1 only; ::1: "+bare(v6).Error()
		c.Fix = "sudo sysctl -w net.ipv6.conf.lo.disable_ipv6=0"
	}
	return c
}

// bare takes the errno out of an error, whose call is named already.
func bare(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}

// explain says what an error of a trial means and what helps.
func explain(err error) (meaning, fix string) {
	switch {
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EACCES):
		return "The call is denied, by a seccomp filter of a container or sandbox most likely. sigio cannot work without it.",
			"allow fcntl, ioctl, signalfd4, rt_sigprocmask, rt_sigtimedwait, rt_tgsigqueueinfo and tgkill in the seccomp profile (docker: --security-opt seccomp=FILE)"
	case errors.Is(err, syscall.ENOSYS), errors.Is(err, syscall.EINVAL), errors.Is(err, errors.ErrUnsupported):
		return "The kernel does not know the call: an old or an emulated one.", "run sigio on a real Linux kernel"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return "There are no descriptors left.", "sudo prlimit --pid $$ --nofile=65536:65536"
	}
	return "The call failed for another reason.", ""
}
