package scenario

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// The words in which the rows are written: what may be expected ...

func want(role string, code siginfo.Code, least, most int) Want {
	return Want{Role: role, Signo: Signal, Code: code, Min: least, Max: most}
}

// one expects exactly one signal.
func one(role string, code siginfo.Code) []Want { return times(1, role, code) }

// times expects exactly n signals.
func times(n int, role string, code siginfo.Code) []Want { return []Want{want(role, code, n, n)} }

// some expects one signal or more: the kernel may merge what caused them.
func some(role string, code siginfo.Code) []Want {
	return []Want{want(role, code, 1, math.MaxInt)}
}

// then joins expectations.
func then(parts ...[]Want) (all []Want) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// urgent expects the SIGURG for a byte out of band, which names no descriptor.
func urgent() []Want {
	return []Want{{Signo: int(syscall.SIGURG), Code: siginfo.Kernel, Min: 1, Max: 1}}
}

// plain expects one SIGIO without any information.
func plain() []Want {
	return []Want{{Signo: int(syscall.SIGIO), Code: siginfo.Kernel, Min: 1, Max: 1}}
}

// ... and what may be done.

type action = func(*env)

func all(actions ...action) action {
	return func(e *env) {
		for _, a := range actions {
			a(e)
		}
	}
}

// repeat does it n times.
func repeat(n int, a action) action {
	return func(e *env) {
		for range n {
			a(e)
		}
	}
}

// send writes to a socket.
func send(name, text string) action {
	return func(e *env) {
		_, err := sys.Send(e.fd(name), []byte(text))
		e.must(err)
	}
}

// sendLong writes n bytes, which must fit.
func sendLong(name string, n int) action { return send(name, strings.Repeat("x", n)) }

func sendUrgent(name string) action {
	return func(e *env) {
		_, err := sys.SendOOB(e.fd(name), []byte("!"))
		e.must(err)
	}
}

// write writes to any descriptor.
func write(name, text string) action {
	return func(e *env) {
		_, err := sys.Write(e.fd(name), []byte(text))
		e.must(err)
	}
}

// fill writes until the kernel says EAGAIN.
func fill(name string) action {
	return func(e *env) {
		total, block := 0, make([]byte, 4096)
		for {
			n, err := sys.Write(e.fd(name), block)
			if errors.Is(err, syscall.EAGAIN) {
				e.note("%d bytes went in, then write returned EAGAIN", total)
				return
			}
			e.must(err)
			total += n
		}
	}
}

// readSome reads once, at most n bytes.
func readSome(name string, n int) action {
	return func(e *env) {
		got, err := sys.Read(e.fd(name), make([]byte, n))
		e.note("read of at most %d bytes %s", n, outcome(got, err))
	}
}

// readAll reads until EAGAIN, the end or an error, and notes what it met.
func readAll(name string) action {
	return func(e *env) {
		reads, total := 0, 0
		buf := make([]byte, 1<<16)
		for {
			n, err := sys.Read(e.fd(name), buf)
			if err == nil && n > 0 {
				reads++
				total += n
				continue
			}
			e.note("%d bytes in %d reads, then read %s", total, reads, outcome(n, err))
			return
		}
	}
}

// drain reads all, as often as more comes in behind it.
func drain(name string) action {
	return func(e *env) {
		total, buf := 0, make([]byte, 1<<16)
		for idle := 0; idle < 2; {
			n, err := sys.Read(e.fd(name), buf)
			if errors.Is(err, syscall.EAGAIN) {
				idle++
				e.fence()
				continue
			}
			e.must(err)
			total += n
			idle = 0
		}
		e.note("%d bytes were read", total)
	}
}

// receive takes one datagram or what an error left in its place.
func receive(name string) action {
	return func(e *env) {
		n, err := sys.Recv(e.fd(name), make([]byte, 2048))
		e.note("recv %s", outcome(n, err))
	}
}

func outcome(n int, err error) string {
	var number syscall.Errno
	switch {
	case errors.As(err, &number):
		return "returned " + errnoName(number) + ", " + number.Error()
	case err != nil:
		return "failed: " + err.Error()
	default:
		return fmt.Sprintf("returned %d", n)
	}
}

// errnoName names the errors that the rows meet.
func errnoName(e syscall.Errno) string {
	switch e {
	case syscall.EAGAIN:
		return "EAGAIN"
	case syscall.ECONNREFUSED:
		return "ECONNREFUSED"
	case syscall.ECONNRESET:
		return "ECONNRESET"
	case syscall.EINVAL:
		return "EINVAL"
	case syscall.EIO:
		return "EIO"
	case syscall.ENOTTY:
		return "ENOTTY"
	case syscall.EPIPE:
		return "EPIPE"
	}
	return fmt.Sprintf("errno %d", int(e))
}

func shutdown(name string, how sys.How) action {
	return func(e *env) { e.must(sys.Shutdown(e.fd(name), how)) }
}

func closeFD(name string) action { return func(e *env) { e.close(name) } }

// reset ends a TCP connection with a reset.
func reset(name string) action {
	return func(e *env) {
		e.must(sys.ResetOnClose(e.fd(name)))
		e.close(name)
	}
}

// accept takes a connection off a listening socket and names it.
func accept(listener, name, text string) action {
	return func(e *env) {
		fd, _, err := sys.Accept(e.fd(listener))
		e.own(name, text, fd, err)
	}
}

// connect makes a socket and starts to connect it to a listening one.
func connect(name, text string, n sys.Network, listener string) action {
	return func(e *env) {
		fd, err := sys.Socket(n, false)
		e.own(name, text, fd, err)
		e.connect(name, listener)
	}
}

func (e *env) connect(name, to string) {
	addr, err := sys.LocalAddr(e.fd(to))
	e.must(err)
	if err := sys.Connect(e.fd(name), addr); err != nil && !errors.Is(err, syscall.EINPROGRESS) {
		e.must(err)
	}
}

// listen makes a listening TCP socket.
func (e *env) listen(n sys.Network) {
	fd, err := sys.ListenTCP(loopback, sys.ListenOptions{Multipath: n == sys.MPTCP})
	if n == sys.MPTCP && err != nil {
		e.skip("this kernel makes no MPTCP sockets: %v", err)
	}
	e.own("listener", "the server's listening socket", fd, err)
}

// tcp makes a connection, "client" to "server", with nothing armed.
func (e *env) tcp(n sys.Network) {
	e.listen(n)
	connect("client", "the client's connection", n, "listener")(e)
	e.await("listener", siginfo.In)
	accept("listener", "server", "the server's connection")(e)
	e.await("client", siginfo.Out)
	e.must(sys.SocketError(e.fd("client")))
	e.must(sys.SetNoDelay(e.fd("client"), true))
	e.close("listener")
}

// await waits until poll(2) reports the band. Set-up only: it asks without an
// entry, and while anything armed would notice.
func (e *env) await(name string, band siginfo.Band) {
	fds := []sys.PollFd{{Fd: int32(e.fd(name)), Events: int16(band)}}
	for range int(fatalTime / settleTime) {
		if n, err := sys.Poll(fds); n > 0 || err != nil {
			e.must(err)
			return
		}
		e.take(settleTime)
	}
	e.must(fmt.Errorf("%s does not become ready: %w", name, os.ErrDeadlineExceeded))
}

// udp makes a "receiver" and a "sender" that is connected to it.
func (e *env) udp() {
	fd, err := sys.ListenUDP(loopback, sys.ListenOptions{})
	e.own("receiver", "the receiving socket", fd, err)
	fd, err = sys.Socket(sys.UDP, false)
	e.own("sender", "the sending socket", fd, err)
	e.connect("sender", "receiver")
}

// deafPort makes "nobody", a socket that keeps a UDP port taken and refuses
// what others send to it: it is connected to a peer that does not exist.
func (e *env) deafPort() {
	fd, err := sys.ListenUDP(loopback, sys.ListenOptions{})
	e.own("nobody", "a socket with another peer", fd, err)
	own, err := sys.LocalAddr(fd)
	e.must(err)
	e.must(sys.Connect(fd, own))
}

// pair makes two connected Unix sockets, "ours" and "peer".
func (e *env) pair(n sys.Network) {
	a, b, err := sys.Pair(n)
	e.own("ours", "our socket", a, err)
	e.own("peer", "the peer's socket", b, err)
}

func (e *env) pipe() {
	r, w, err := sys.Pipe()
	e.own("reader", "the read end", r, err)
	e.own("writer", "the write end", w, err)
}

func (e *env) pty() {
	m, s, err := sys.OpenPTY()
	if err != nil {
		e.skip("no pseudoterminal: %v", err)
	}
	e.own("master", "the master side", m, nil)
	e.own("slave", "the terminal", s, nil)
}

var serial atomic.Int64

// abstractName is a name for a Unix socket that no file stands for.
func abstractName() string { return fmt.Sprintf("@sigio-scenario-%d-%d", os.Getpid(), serial.Add(1)) }

// count counts this step's signals of one kind.
func (e *env) count(role string, code siginfo.Code) (n int) {
	for i := range e.stepSignals {
		if x := &e.stepSignals[i]; x.Role == role && x.Record.Code() == code {
			n++
		}
	}
	return n
}
