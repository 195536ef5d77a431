package receiver_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/receiver"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

var abstractNames atomic.Int32

func abstract() string {
	return fmt.Sprintf("@sigio-receiver-test-%d-%d", os.Getpid(), abstractNames.Add(1))
}

// sendUnix sends text to a Unix socket.
func sendUnix(t testing.TB, network, path, text string) {
	t.Helper()
	conn, err := net.Dial(network, path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	send(t, conn, text)
}

func TestUnixSockets(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, c receiver.Config) {
		dir := t.TempDir()
		paths := map[string]string{ // to network
			dir + "/stream": "unix", dir + "/datagram": "unixgram",
			abstract(): "unix", abstract(): "unixgram",
		}
		for path, network := range paths {
			c.Listen = append(c.Listen, network+"://"+path)
		}
		s := newSink()
		r := start(t, s, c)
		want := map[string]bool{}
		for path, network := range paths {
			for i := range 3 {
				text := fmt.Sprint(path, i)
				want[text] = true
				sendUnix(t, network, path, text)
			}
		}
		awaitCount(t, s, len(want))
		s.exactly(t, want)
		for _, path := range []string{dir + "/stream", dir + "/datagram"} {
			if info, err := os.Stat(path); err != nil || info.Mode() != os.ModeSocket|0o660 {
				t.Errorf("%v, %v", info, err)
			}
		}
		if m := s.lastMessage(); m.Peer.IsValid() || !strings.HasPrefix(m.Transport, "unix") {
			t.Errorf("%+v", m)
		}
		for _, l := range stop(t, r).Listeners {
			network, path, _ := strings.Cut(l.Address, "://")
			if paths[path] != network || l.Delivered != 3 {
				t.Errorf("%+v", l)
			}
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Error("left:", left)
		}
	})
}

func TestUnixModeAndOwner(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/s"
	r := start(t, newSink(), receiver.Config{Listen: []string{fmt.Sprintf("unix://%s?mode=0602&owner=%d:%d", path, os.Getuid(), os.Getgid())}})
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o602 {
		t.Errorf("%v, %v", info, err)
	}
	stop(t, r)
	for owner, want := range map[string]string{"no-such-user": "no user no-such-user", ":no-such-group": "no group no-such-group"} {
		err := startError(t, "unix://"+path+"?owner="+owner)
		if !strings.Contains(err.Error(), want) {
			t.Error(err)
		}
	}
	if os.Getuid() != 0 {
		return
	}
	start(t, newSink(), receiver.Config{Listen: []string{"unixgram://" + path + "?owner=nobody:1"}})
	info, err := os.Stat(path)
	if st := info.Sys().(*syscall.Stat_t); err != nil || st.Uid == 0 || st.Gid != 1 {
		t.Errorf("%+v, %v", info, err)
	}
}

// startError is why a receiver does not start.
func startError(t *testing.T, urls ...string) error {
	t.Helper()
	r, err := receiver.New(receiver.Config{Listen: urls, Output: newSink()})
	if err != nil {
		t.Fatal(err)
	}
	if err = r.Start(); err == nil {
		stop(t, r)
		t.Fatal("it starts")
	}
	return err
}

// A socket whose program has gone is replaced, and nothing else.
func TestStaleUnixSocket(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"unix", "unixgram"} {
		dir := t.TempDir()
		path := dir + "/s"
		url := network + "://" + path
		stale := listenUnix(t, network, path)
		stale.Close()
		s := newSink()
		r := start(t, s, receiver.Config{Listen: []string{url}})
		sendUnix(t, network, path, "hello")
		awaitCount(t, s, 1)
		if err := startError(t, url); !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "somebody's who listens") {
			t.Errorf("a socket that is in use: %v", err)
		}
		other := map[string]string{"unix": "unixgram", "unixgram": "unix"}[network]
		if err := startError(t, other+"://"+path); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("a socket of another type that is in use: %v", err)
		}
		sendUnix(t, network, path, "still there")
		awaitCount(t, s, 2)

		// Somebody has put another one in its place meanwhile: that one stays.
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		defer listenUnix(t, network, path).Close()
		stop(t, r)
		if _, err := os.Stat(path); err != nil {
			t.Error("another one's socket was removed:", err)
		}

		file := filepath.Join(dir, "file")
		if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := startError(t, network+"://"+file); !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "is no socket") {
			t.Errorf("a file that is no socket: %v", err)
		}
		if err := startError(t, network+"://"+dir+"/nowhere/s"); !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
	}
}

// listenUnix leaves the file when it is closed.
func listenUnix(t *testing.T, network, path string) interface{ Close() error } {
	t.Helper()
	addr := &net.UnixAddr{Name: path, Net: network}
	if network == "unix" {
		l, err := net.ListenUnix(network, addr)
		if err != nil {
			t.Fatal(err)
		}
		l.SetUnlinkOnClose(false)
		return l
	}
	conn, err := net.ListenUnixgram(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// A datagram of a Unix socket may be longer than any message.
func TestUnixDatagramTooLong(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/s"
	s := newSink()
	r := start(t, s, receiver.Config{Listen: []string{"unixgram://" + path}})
	sendUnix(t, "unixgram", path, strings.Repeat("x", 100_000))
	sendUnix(t, "unixgram", path, strings.Repeat("x", 64<<10))
	sendUnix(t, "unixgram", path, " ")
	awaitStats(t, r, "two that are rejected", func(s receiver.Stats) bool {
		return s.Rejected[receiver.CauseOversize] == 1 && s.Rejected[receiver.CauseEmpty] == 1 && s.Delivered == 1
	})
}

func TestStreamFramings(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, c receiver.Config) {
		dir := t.TempDir()
		streams := map[string]struct {
			in   string
			want []string
		}{
			"auto":  {"{}{\n", []string{"{}", "{"}},
			"json":  {"{}x\n{}", []string{"{}", "x"}},
			"lines": {"7 <1>abc\n{}{}\n", []string{"7 <1>abc", "{}{}"}},
			"octet": {"3 abc2 {}1 \x00", []string{"abc", "{}", "\x00"}},
			"nul":   {"a\nb\x00c", []string{"a\nb", "c"}},
			"len32": {"\x00\x00\x00\x03abc\x00\x00\x00\x00\x00\x00\x00\x02\n\n", []string{"abc"}},
		}
		c.Framing = message.Octet // for the one without
		c.Listen = []string{"unix://" + dir + "/octet"}
		for name := range streams {
			if name != "octet" {
				c.Listen = append(c.Listen, "unix://"+dir+"/"+name+"?framing="+name)
			}
		}
		s := newSink()
		r := start(t, s, c)
		for name, stream := range streams {
			sendUnix(t, "unix", dir+"/"+name, stream.in)
		}
		awaitStats(t, r, "the end of the connections", func(st receiver.Stats) bool {
			return st.Connections.Accepted == uint64(len(streams)) && st.Connections.Open == 0
		})
		for name, stream := range streams {
			for _, text := range stream.want {
				if !s.has(text) {
					t.Errorf("%s: %q is missing", name, text)
				}
			}
		}
		sendUnix(t, "unix", dir+"/octet", "hello")
		sendUnix(t, "unix", dir+"/len32", "hello")
		awaitStats(t, r, "two wrong streams", func(s receiver.Stats) bool {
			return s.Rejected[receiver.CauseFraming] == 2 && s.Connections.Closed[receiver.EndFraming] == 2
		})
	})
}

// Sockets that somebody else has opened, of each kind.
func TestGivenSockets(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, c receiver.Config) {
		dir := t.TempDir()
		tcp, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		udp, err := net.ListenPacket("udp", "127.0.0.1:0")
		must(t, err)
		stream, err := net.Listen("unix", dir+"/stream")
		must(t, err)
		datagram, err := net.ListenPacket("unixgram", dir+"/datagram")
		must(t, err)
		given := map[string][]*os.File{}
		type filer interface{ File() (*os.File, error) }
		for i, f := range []filer{tcp.(filer), udp.(filer), stream.(filer), datagram.(filer)} {
			file, err := f.File()
			must(t, err)
			defer file.Close()
			name := map[bool]string{true: "streams", false: "datagrams"}[i%2 == 0]
			given[name] = append(given[name], file)
		}
		tcp.(*net.TCPListener).Close()
		udp.Close()
		stream.(*net.UnixListener).SetUnlinkOnClose(false)
		stream.Close()
		datagram.Close()
		s := newSink()
		c.Sockets, c.Listen = given, []string{"systemd:streams?framing=nul", "systemd:datagrams"}
		r := start(t, s, c)
		send(t, dial(t, r, "tcp"), "by tcp\x00")
		send(t, dial(t, r, "udp"), "by udp")
		sendUnix(t, "unix", dir+"/stream", "by unix\x00")
		sendUnix(t, "unixgram", dir+"/datagram", "by unixgram")
		awaitCount(t, s, 4)
		s.exactly(t, map[string]bool{"by tcp": true, "by udp": true, "by unix": true, "by unixgram": true})
		stop(t, r)
		if _, err := os.Stat(dir + "/stream"); err != nil {
			t.Error("the file belongs to who made it:", err)
		}
		// The sockets listen on, for the next one.
		conn, err := net.Dial("tcp", strings.TrimPrefix(r.Stats().Listeners[0].Address, "tcp://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		send(t, conn, "again\x00")
		again := newSink()
		start(t, again, c)
		awaitCount(t, again, 1)
	})
}

func TestGivenSocketsThatDoNotFit(t *testing.T) {
	t.Parallel()
	file, err := os.Open("/dev/null")
	must(t, err)
	defer file.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	must(t, err)
	defer conn.Close()
	connection, err := conn.(*net.TCPConn).File()
	must(t, err)
	defer connection.Close()
	for name, want := range map[string]string{
		"file": "no socket of a known kind", "connection": "it is a connection", "nobody": "no socket of this name was passed, only connection, file",
	} {
		r, err := receiver.New(receiver.Config{Output: newSink(), Listen: []string{"systemd:" + name},
			Sockets: map[string][]*os.File{"file": {file}, "connection": {connection}}})
		must(t, err)
		if err := r.Start(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := startError(t, "systemd:x"); !strings.Contains(err.Error(), "no sockets were passed") {
		t.Error(err)
	}
}

func TestMulticast(t *testing.T) {
	t.Parallel()
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Skip("no interface lo: not a test of this machine")
	}
	s := newSink()
	interfaces := []*net.Interface{lo}
	urls := []string{"udp://239.99.1.2:0?interface=lo"}
	if other := interfaceForIPv6(); other != nil {
		interfaces = append(interfaces, other)
		urls = append(urls, "udp://[ff12::99:1%"+other.Name+"]:0")
	}
	r := start(t, s, receiver.Config{Listen: urls, Workers: 2})
	for i, l := range r.Stats().Listeners {
		to, err := net.ResolveUDPAddr("udp", strings.TrimPrefix(l.Address, "udp://"))
		must(t, err)
		conn, err := net.ListenPacket("udp", map[bool]string{true: "127.0.0.1:0", false: "[::]:0"}[i == 0])
		must(t, err)
		defer conn.Close()
		if i == 0 {
			err = ipv4.NewPacketConn(conn).SetMulticastInterface(lo)
		} else {
			err = ipv6.NewPacketConn(conn).SetMulticastInterface(interfaces[1])
		}
		must(t, err)
		_, err = conn.WriteTo([]byte(l.Address), to)
		must(t, err)
		awaitCount(t, s, i+1) // once, though there are two workers
		if !s.has(l.Address) {
			t.Errorf("%s got nothing", l.Address)
		}
	}
	// Another program may be in the group as well.
	second := newSink()
	start(t, second, receiver.Config{Listen: []string{r.Stats().Listeners[0].Address + "?interface=lo"}})
	if err := startError(t, "udp://239.99.1.2:0?interface=nowhere0"); !strings.Contains(err.Error(), `no interface "nowhere0", only`) {
		t.Error(err)
	}
}

// interfaceForIPv6 returns an interface that can do multicast of IPv6, or nil: lo has
// no route for it.
func interfaceForIPv6() *net.Interface {
	all, _ := net.Interfaces()
	for _, i := range all {
		addrs, _ := i.Addrs()
		for _, a := range addrs {
			if ip, ok := a.(*net.IPNet); ok && ip.IP.To4() == nil && i.Flags&net.FlagMulticast != 0 && i.Flags&net.FlagUp != 0 {
				return &i
			}
		}
	}
	return nil
}

// A format of one's own.
func TestInputs(t *testing.T) {
	t.Parallel()
	shout := func(m *message.Message, body []byte) {
		m.Parse(body)
		m.Text = []byte(strings.ToUpper(string(body)))
	}
	s := newSink()
	r := start(t, s, receiver.Config{Inputs: map[string]receiver.ParseFunc{"shout": shout},
		Listen: []string{"udp://127.0.0.1:0?input=shout", "tcp://127.0.0.1:0"}})
	send(t, dial(t, r, "udp"), "hello")
	sendAll(t, r, "hello")
	awaitCount(t, s, 2)
	s.exactly(t, map[string]bool{"HELLO": true, "hello": true})
}

func TestAllow(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, c receiver.Config) {
		path := t.TempDir() + "/s"
		c.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.64/26"), netip.MustParsePrefix("fd00::/8")}
		c.Listen = []string{"udp://127.0.0.1:0", "tcp://127.0.0.1:0", "unix://" + path}
		s := newSink()
		r := start(t, s, c)
		from := func(network, ip string) net.Conn {
			var d net.Dialer
			if d.LocalAddr = (&net.TCPAddr{IP: net.ParseIP(ip)}); network == "udp" {
				d.LocalAddr = &net.UDPAddr{IP: net.ParseIP(ip)}
			}
			conn, err := d.Dial(network, addresses(r, network)[0])
			must(t, err)
			t.Cleanup(func() { conn.Close() })
			return conn
		}
		send(t, from("udp", "127.0.0.65"), "udp allowed")
		send(t, from("udp", "127.0.0.1"), "udp not allowed")
		send(t, from("tcp", "127.0.0.127"), "tcp allowed\n")
		refused := from("tcp", "127.0.0.128")
		refused.SetReadDeadline(time.Now().Add(sigtest.Fatal))
		if n, err := refused.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("a connection that is not allowed stays open:", n, err)
		}
		sendUnix(t, "unix", path, "unix")
		awaitStats(t, r, "what is not allowed", func(s receiver.Stats) bool {
			return s.Rejected[receiver.CauseNotAllowed] == 1 && s.Connections.Closed[receiver.EndNotAllowed] == 1 && s.Delivered == 3
		})
		s.exactly(t, map[string]bool{"udp allowed": true, "tcp allowed": true, "unix": true})
	})
}

// Of each peer only so many messages pass, of others no fewer.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, c receiver.Config) {
		c.RateLimit, c.RateBurst = 0.001, 5
		c.Listen = []string{"udp://127.0.0.1:0", "tcp://127.0.0.1:0"}
		s := newSink()
		r := start(t, s, c)
		tcp := dial(t, r, "tcp") // 127.0.0.1
		send(t, tcp, strings.Repeat("x\n", 8))
		awaitStats(t, r, "8 by TCP", func(s receiver.Stats) bool { return s.Received == 8 })
		conn, err := net.DialUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2)}, net.UDPAddrFromAddrPort(netip.MustParseAddrPort(addresses(r, "udp")[0])))
		must(t, err)
		defer conn.Close()
		for range 7 {
			send(t, conn, "x")
		}
		awaitStats(t, r, "what is too much", func(s receiver.Stats) bool {
			return s.Rejected[receiver.CauseRate] == 5 && s.Delivered == 10
		})
	})
}

// The kernel's time is before that at which a receiver, held up, has read the datagram.
func TestKernelTime(t *testing.T) {
	t.Parallel()
	s := newSink()
	path := t.TempDir() + "/s"
	r := start(t, s, receiver.Config{KernelTime: true, Listen: []string{"udp://127.0.0.1:0", "unixgram://" + path}})
	for _, network := range []string{"udp", "unixgram"} {
		s.holdUp(t, r)
		before := time.Now()
		if network == "udp" {
			send(t, dial(t, r, "udp"), network)
		} else {
			sendUnix(t, network, path, network)
		}
		after := time.Now()
		for time.Since(after) < 20*time.Millisecond {
			time.Sleep(time.Millisecond) // the time that must not count
		}
		s.mu.Unlock()
		sigtest.Until(t, "the message", func() bool { return s.has(network) })
		if at := s.lastMessage().ReceivedAt; at.Before(before.Add(-10*time.Millisecond)) || at.After(after.Add(10*time.Millisecond)) {
			t.Errorf("%s: sent between %v and %v, received at %v", network, before, after, at)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
