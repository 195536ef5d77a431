package receiver_test

import (
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/receiver"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

var abstractNames atomic.Int32

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

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
