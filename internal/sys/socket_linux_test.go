package sys

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// fatalAfter only ever fails: the tests wait for conditions.
const fatalAfter = 60 * time.Second

var (
	loopback4 = netip.MustParseAddrPort("127.0.0.1:0")
	loopback6 = netip.MustParseAddrPort("[::1]:0")
)

// own closes fd at the end of the test.
func own(t testing.TB, fd int, err error) int {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = Close(fd) })
	return fd
}

// closeEarly closes what fd refers to but keeps the number taken, since own
// will close it once more and a parallel test could have the number by then.
func closeEarly(t testing.TB, fd int) {
	t.Helper()
	null, err := Open("/dev/null", os.O_RDWR)
	must(t, err)
	must(t, DupTo(null, fd))
	must(t, Close(null))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func localAddr(t testing.TB, fd int) netip.AddrPort {
	t.Helper()
	a, err := LocalAddr(fd)
	must(t, err)
	return a
}

// await waits until poll(2) reports one of the events.
func await(t testing.TB, fd int, events int16) {
	t.Helper()
	p := []unix.PollFd{{Fd: int32(fd), Events: events}}
	for {
		n, err := unix.Poll(p, int(fatalAfter.Milliseconds()))
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if n != 1 {
			t.Fatalf("poll(%d, %#x) = %d, %v", fd, events, n, err)
		}
		return
	}
}

// connected makes a TCP connection and returns both ends.
func connected(t testing.TB, addr netip.AddrPort) (client, server int) {
	t.Helper()
	fd, err := ListenTCP(addr, ListenOptions{})
	l := own(t, fd, err)
	fd, err = Socket(TCP, addr.Addr().Is6())
	client = own(t, fd, err)
	if err := Connect(client, localAddr(t, l)); err != nil && !errors.Is(err, syscall.EINPROGRESS) {
		t.Fatal(err)
	}
	await(t, l, unix.POLLIN)
	fd, peer, err := Accept(l)
	server = own(t, fd, err)
	if want := localAddr(t, client); peer != want {
		t.Errorf("Accept names the peer %v, the peer calls itself %v", peer, want)
	}
	await(t, client, unix.POLLOUT)
	must(t, SocketError(client))
	return client, server
}

func udpPair(t testing.TB) (receiver, sender int, to netip.AddrPort) {
	t.Helper()
	fd, err := ListenUDP(loopback4, ListenOptions{})
	receiver = own(t, fd, err)
	fd, err = Socket(UDP, false)
	sender = own(t, fd, err)
	return receiver, sender, localAddr(t, receiver)
}

func TestEveryDescriptorIsNonblockingAndCloseOnExec(t *testing.T) {
	t.Parallel()
	fds := map[string]int{}
	for _, n := range []Network{TCP, UDP, UnixStream, UnixSeqpacket, UnixDatagram} {
		fd, err := Socket(n, false)
		fds["socket "+n.String()] = own(t, fd, err)
	}
	a, b, err := Pair(UnixStream)
	fds["pair a"], fds["pair b"] = own(t, a, err), own(t, b, err)
	r, w, err := Pipe()
	fds["pipe r"], fds["pipe w"] = own(t, r, err), own(t, w, err)
	client, server := connected(t, loopback4)
	fds["client"], fds["accepted"] = client, server
	master, slave, err := OpenPTY()
	fds["pty master"], fds["pty slave"] = own(t, master, err), own(t, slave, err)
	fd, err := Eventfd()
	fds["eventfd"] = own(t, fd, err)
	fifo := t.TempDir() + "/fifo"
	must(t, MakeFIFO(fifo))
	fd, err = Open(fifo, os.O_RDWR)
	fds["fifo"] = own(t, fd, err)
	for name, fd := range fds {
		fl, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		must(t, err)
		fdfl, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		must(t, err)
		if fl&unix.O_NONBLOCK == 0 || fdfl&unix.FD_CLOEXEC == 0 {
			t.Errorf("%s: flags %#x, descriptor flags %#x", name, fl, fdfl)
		}
	}
}

func TestTCPCarriesBytesBothFamilies(t *testing.T) {
	t.Parallel()
	for _, addr := range []netip.AddrPort{loopback4, loopback6} {
		t.Run(addr.Addr().String(), func(t *testing.T) {
			t.Parallel()
			client, server := connected(t, addr)
			must(t, SetNoDelay(client, true))
			must(t, SetKeepAlive(client, KeepAlive{Idle: 1500 * time.Millisecond, Interval: time.Second, Count: 3}))
			if idle, _ := getInt(client, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE); idle != 2 {
				t.Errorf("keepalive idle = %d s, want 1.5 rounded up", idle)
			}
			buf := make([]byte, 16)
			if _, err := Recv(server, buf); err != syscall.EAGAIN {
				t.Fatalf("Recv on an empty socket: %v", err)
			}
			if n, err := Send(client, []byte("hello")); n != 5 || err != nil {
				t.Fatal(n, err)
			}
			await(t, server, unix.POLLIN)
			if n, err := Recv(server, buf); string(buf[:n]) != "hello" || err != nil {
				t.Fatalf("%q %v", buf[:n], err)
			}
			must(t, Shutdown(client, ShutWrite))
			await(t, server, unix.POLLIN)
			if n, err := Recv(server, buf); n != 0 || err != nil {
				t.Fatalf("at the end: %d %v", n, err)
			}
			if p, err := PeerAddr(server); err != nil || p != localAddr(t, client) {
				t.Errorf("PeerAddr = %v, %v", p, err)
			}
		})
	}
}

// A server that ends while a client is connected leaves TIME_WAIT behind;
// without SO_REUSEADDR the next Listen fails with EADDRINUSE.
func TestListenAgainDuringTimeWait(t *testing.T) {
	t.Parallel()
	l, err := ListenTCP(loopback4, ListenOptions{})
	must(t, err)
	addr := localAddr(t, l)
	client, err := Socket(TCP, false)
	must(t, err)
	if err := Connect(client, addr); err != nil && !errors.Is(err, syscall.EINPROGRESS) {
		t.Fatal(err)
	}
	await(t, l, unix.POLLIN)
	conn, _, err := Accept(l)
	must(t, err)
	must(t, Close(conn)) // the side that closes first keeps TIME_WAIT
	await(t, client, unix.POLLIN)
	must(t, Close(client))
	must(t, Close(l))
	again, err := ListenTCP(addr, ListenOptions{})
	own(t, again, err)
}

func TestReusePortSharesAnAddress(t *testing.T) {
	t.Parallel()
	for name, listen := range map[string]func(netip.AddrPort, ListenOptions) (int, error){
		"tcp": ListenTCP, "udp": ListenUDP,
	} {
		fd, err := listen(loopback4, ListenOptions{ReusePort: true})
		first := own(t, fd, err)
		fd, err = listen(localAddr(t, first), ListenOptions{ReusePort: true})
		own(t, fd, err)
		if _, err := listen(localAddr(t, first), ListenOptions{}); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("%s: a third socket without it: %v", name, err)
		}
	}
}

func TestV6OnlyDecidesWhoMayConnect(t *testing.T) {
	t.Parallel()
	for _, only := range []bool{false, true} {
		fd, err := ListenUDP(netip.MustParseAddrPort("[::]:0"), ListenOptions{V6Only: only})
		l := own(t, fd, err)
		fd, err = Socket(UDP, false)
		s := own(t, fd, err)
		to := netip.AddrPortFrom(loopback4.Addr(), localAddr(t, l).Port())
		must(t, Connect(s, to))
		_, _ = Send(s, []byte("x"))
		buf := make([]byte, 8)
		n, from, err := RecvFrom(l, buf)
		if only {
			if !errors.Is(err, syscall.EAGAIN) {
				t.Errorf("IPv6-only socket received %d bytes from %v, %v", n, from, err)
			}
			continue
		}
		if err != nil || from != localAddr(t, s) {
			t.Fatalf("from %v, %v; want the plain IPv4 address %v", from, err, localAddr(t, s))
		}
		// The plain address is good for an answer through the IPv6 socket.
		if _, err := SendTo(l, []byte("y"), from); err != nil {
			t.Fatal(err)
		}
		if n, err := Recv(s, buf); string(buf[:n]) != "y" || err != nil {
			t.Errorf("answer %q, %v", buf[:n], err)
		}
	}
}

func TestRefusedConnectionIsReadWithSocketError(t *testing.T) {
	t.Parallel()
	// Bound but not listening: nobody else can get the port, and it refuses.
	fd, err := Socket(TCP, false)
	bound := own(t, fd, err)
	must(t, Bind(bound, loopback4))
	fd, err = Socket(TCP, false)
	c := own(t, fd, err)
	if err := Connect(c, localAddr(t, bound)); errors.Is(err, syscall.EINPROGRESS) {
		await(t, c, unix.POLLOUT)
		if err := SocketError(c); err != syscall.ECONNREFUSED {
			t.Errorf("SocketError = %v", err)
		}
	} else if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("Connect = %v", err)
	}
	if err := SocketError(c); err != nil {
		t.Errorf("SocketError a second time = %v; taking it clears it", err)
	}
}

func TestHotCallsDoNotAllocate(t *testing.T) { // not parallel: AllocsPerRun
	receiver, sender, to := udpPair(t)
	must(t, StampArrival(receiver))
	b := NewDatagramBatch(8, 64)
	client, server := connected(t, loopback4)
	buf, msg := make([]byte, 64), []byte("hello")
	l, err := ListenTCP(loopback6, ListenOptions{})
	own(t, l, err)
	fd, err := ListenUDP(loopback6, ListenOptions{})
	receiver6 := own(t, fd, err)
	to6 := localAddr(t, receiver6)
	var sum int
	for name, f := range map[string]func(){
		"datagram batch": func() {
			for range 3 {
				_, _ = SendTo(sender, msg, to)
			}
			n, _ := b.Receive(receiver)
			for i := range n {
				at, _ := b.Arrival(i)
				sum += len(b.Payload(i)) + int(b.Addr(i).Port()) + at.Nanosecond()
			}
			if n != 3 {
				t.Error("received", n)
			}
		},
		"batch, nothing there": func() { _, _ = b.Receive(receiver) },
		"datagram":             func() { _, _ = SendTo(sender, msg, to); _, _, _ = RecvFrom(receiver, buf) },
		"datagram over IPv6":   func() { _, _ = SendTo(receiver6, msg, to6); _, _, _ = RecvFrom(receiver6, buf) },
		"stream":               func() { _, _ = Send(client, msg); _, _ = Recv(server, buf) },
		"read and write":       func() { _, _ = Write(client, msg); _, _ = Read(server, buf) },
		"nothing to read":      func() { _, _ = Recv(server, buf) },
		"nothing to accept":    func() { _, _, _ = Accept(l) },
		"drops":                func() { _, _ = Drops(receiver) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestUnixStreamByPathAndAbstract(t *testing.T) {
	t.Parallel()
	abstract := fmt.Sprintf("@sigio-sys-test-%d-%d", os.Getpid(), counter.Add(1))
	for _, path := range []string{t.TempDir() + "/s", abstract} {
		for _, n := range []Network{UnixStream, UnixSeqpacket} {
			fd, err := ListenUnix(n, path, 0)
			l := own(t, fd, err)
			fd, err = Socket(n, false)
			c := own(t, fd, err)
			must(t, ConnectUnix(c, path))
			fd, peer, err := Accept(l)
			own(t, fd, err)
			if peer.IsValid() {
				t.Errorf("a Unix peer has the address %v", peer)
			}
			_ = os.Remove(path)
			must(t, unix.Shutdown(l, unix.SHUT_RDWR))
			if path == abstract {
				break // the name is taken until the test ends
			}
		}
	}
}

var counter atomic.Int32

// The structures that the kernel reads and writes must agree with net's view
// of the same socket.
func TestAddressesAgreeWithPackageNet(t *testing.T) {
	t.Parallel()
	for _, addr := range []netip.AddrPort{loopback4, loopback6} {
		fd, err := ListenUDP(addr, ListenOptions{})
		receiver := own(t, fd, err)
		conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(localAddr(t, receiver)))
		must(t, err)
		defer conn.Close()
		if _, err := conn.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		_, from, err := RecvFrom(receiver, make([]byte, 1))
		must(t, err)
		if want := conn.LocalAddr().(*net.UDPAddr).AddrPort(); from != want {
			t.Errorf("from %v, package net says %v", from, want)
		}
	}
}

func TestSetUpErrorsNameTheCall(t *testing.T) {
	t.Parallel()
	_, err := ListenTCP(netip.MustParseAddrPort("192.0.2.1:1"), ListenOptions{})
	var call *os.SyscallError
	if !errors.As(err, &call) || call.Syscall != "bind" || !errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Errorf("%v", err)
	}
	if _, err := ListenTCP(netip.AddrPort{}, ListenOptions{}); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("zero address: %v", err)
	}
	if _, err := SendTo(-1, nil, netip.AddrPort{}); err != syscall.EINVAL {
		t.Errorf("zero destination: %v", err)
	}
	if _, err := Recv(-1, nil); err != syscall.EBADF {
		t.Errorf("bad descriptor: %v", err)
	}
	if _, err := ListenUDP(netip.MustParseAddrPort("[fe80::1%no-such-interface]:0"), ListenOptions{}); err == nil {
		t.Error("an unknown zone was accepted")
	}
}
