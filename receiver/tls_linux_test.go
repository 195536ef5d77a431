package receiver_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/receiver"
)

func TestTLS(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, c receiver.Config) {
		a := newAuthority(t)
		a.issue("server", "server")
		c.Listen = []string{a.url("server", ""), "tcp://127.0.0.1:0", "udp://127.0.0.1:0"}
		s := newSink()
		r := start(t, s, c)
		const senders, each = 20, 50
		var all sync.WaitGroup
		for i := range senders {
			all.Go(func() {
				conn, err := a.dial(r, &tls.Config{MaxVersion: []uint16{tls.VersionTLS12, tls.VersionTLS13}[i%2]})
				if err != nil {
					t.Error(err)
					return
				}
				for n := range each {
					io.WriteString(conn, numbered(i, n))
				}
				conn.Close()
			})
		}
		sendAll(t, r, "by tcp")
		send(t, dial(t, r, "udp"), "by udp")
		all.Wait()
		awaitCount(t, s, senders*each+2)
		want := labels(senders, each)
		want["by tcp"], want["by udp"] = true, true
		s.exactly(t, want)
		st := awaitStats(t, r, "the end of the connections", func(s receiver.Stats) bool { return s.Connections.Open == 0 })
		if l := st.Listeners[0]; l.Connections.Closed[receiver.EndPeer] != senders || l.Delivered != senders*each {
			t.Errorf("%+v", l)
		}
	})
}

// A long message, in many records, in small pieces.
func TestTLSLongMessage(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	a.issue("server", "server")
	s := newSink()
	r := start(t, s, receiver.Config{Listen: []string{a.url("server", "")}, MaxMessage: 1 << 20})
	conn, err := a.dial(r, &tls.Config{})
	must(t, err)
	long := strings.Repeat("x", 1<<20)
	for rest := long; len(rest) > 0; rest = rest[min(len(rest), 10_000):] {
		send(t, conn, rest[:min(len(rest), 10_000)])
	}
	send(t, conn, "\nshort\n")
	awaitCount(t, s, 2)
	if !s.has(long) || !s.has("short") {
		t.Error("not what was sent")
	}
}

func TestTLSVersions(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	a.issue("server", "server")
	for version, more := range map[uint16]string{tls.VersionTLS11: "", tls.VersionTLS12: "&tls=1.3"} {
		r := start(t, newSink(), receiver.Config{Listen: []string{a.url("server", more)}})
		if _, err := a.dial(r, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: version}); err == nil {
			t.Errorf("%s is spoken", tls.VersionName(version))
		}
		awaitStats(t, r, "a handshake that failed", func(s receiver.Stats) bool {
			return s.Connections.Closed[receiver.EndHandshake] == 1 && s.Connections.Open == 0
		})
	}
}

func TestTLSClientCertificates(t *testing.T) {
	t.Parallel()
	a, stranger := newAuthority(t), newAuthority(t)
	a.issue("server", "server")
	a.issue("client", "client")
	stranger.issue("client", "client")
	s := newSink()
	r := start(t, s, receiver.Config{Listen: []string{a.url("server", "&client-ca="+a.ca.File)}})
	try := func(of *authority) {
		c := &tls.Config{}
		if of != nil {
			pair, err := tls.LoadX509KeyPair(of.path("client.pem"), of.path("client.key"))
			must(t, err)
			c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
		}
		// With TLS 1.3 a client finds out after its handshake.
		if conn, err := a.dial(r, c); err == nil {
			io.WriteString(conn, "hello\n")
			conn.CloseWrite()
			io.Copy(io.Discard, conn)
		}
	}
	try(nil)
	try(stranger)
	try(a)
	awaitStats(t, r, "one message", func(s receiver.Stats) bool {
		return s.Delivered == 1 && s.Connections.Closed[receiver.EndHandshake] == 2 && s.Connections.Closed[receiver.EndPeer] == 1
	})
}

// Who says nothing, or nonsense, has as much time as any silent connection.
func TestTLSHandshakeThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	a.issue("server", "server")
	warned := make(chan string, 100)
	r := start(t, newSink(), receiver.Config{Listen: []string{a.url("server", "")}, FirstByteTimeout: 2 * time.Second,
		Warn: func(text string) { warned <- text }})
	for _, text := range []string{"", "\x16\x03\x01", "GET / HTTP/1.1\r\n\r\n"} {
		conn, err := net.Dial("tcp", addresses(r, "tls")[0])
		must(t, err)
		defer conn.Close()
		send(t, conn, text)
	}
	conn, err := a.dial(r, &tls.Config{})
	must(t, err)
	defer conn.Close() // silent behind its handshake
	awaitStats(t, r, "the end of all", func(s receiver.Stats) bool {
		return s.Connections.Closed[receiver.EndHandshake] == 3 && s.Connections.Closed[receiver.EndFirstByte] == 1 && s.Connections.Open == 0
	})
	if text := <-warned; !strings.Contains(text, "no TLS with 127.0.0.1:") {
		t.Error(text)
	}
}

// Shutdown does not wait for handshakes, and reads what has come in records.
func TestTLSShutdown(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	a.issue("server", "server")
	s := newSink()
	r := start(t, s, receiver.Config{Listen: []string{a.url("server", "")}, FirstByteTimeout: time.Hour})
	silent, err := net.Dial("tcp", addresses(r, "tls")[0])
	must(t, err)
	defer silent.Close()
	conn, err := a.dial(r, &tls.Config{})
	must(t, err)
	send(t, conn, "first\n")
	awaitCount(t, s, 1)
	send(t, conn, "second\nwithout an end")
	// What is in the socket when Shutdown begins is read; on loopback it is there.
	st := stop(t, r)
	s.exactly(t, map[string]bool{"first": true, "second": true, "without an end": true})
	if st.Connections.Closed[receiver.EndShutdown] != 2 {
		t.Errorf("%+v", st.Connections)
	}
	conn.SetReadDeadline(time.Now().Add(sigtest.Fatal))
	if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
		t.Error("the end of TLS was not said:", err)
	}
}

// Where TCP ends without an end of TLS, somebody may have cut the last message.
func TestTLSCutOff(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	a.issue("server", "server")
	s := newSink()
	r := start(t, s, receiver.Config{Listen: []string{a.url("server", "")}})
	conn, err := a.dial(r, &tls.Config{})
	must(t, err)
	send(t, conn, "whole\nhal")
	conn.NetConn().Close()
	st := awaitStats(t, r, "the end", func(s receiver.Stats) bool { return s.Connections.Closed[receiver.EndReset] == 1 })
	if st.Delivered != 1 || st.Rejected[receiver.CauseReset] != 1 {
		t.Errorf("%+v", st.Counts)
	}
}

// An output that is full stops the reading of TLS too, and nothing is lost.
func TestTLSBackpressure(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	a.issue("server", "server")
	s := newSink()
	s.room = 3
	r := start(t, s, receiver.Config{Listen: []string{a.url("server", "")}})
	conn, err := a.dial(r, &tls.Config{})
	must(t, err)
	go func() {
		for n := range 1000 {
			io.WriteString(conn, label(0, n)+"\n")
		}
		conn.Close()
	}()
	sigtest.Until(t, "a full output", func() bool { return s.refused() > 0 })
	s.open(-1)
	awaitCount(t, s, 1000)
	s.exactly(t, labels(1, 1000))
	stop(t, r)
}

func TestTLSReload(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, c receiver.Config) {
		a := newAuthority(t)
		a.issue("old", "server")
		s := newSink()
		c.Listen = []string{a.url("server", "")}
		warned := make(chan string, 100)
		c.Warn = func(text string) { warned <- text }
		r := start(t, s, c)
		served := func() (*tls.Conn, string) {
			conn, err := a.dial(r, &tls.Config{})
			must(t, err)
			return conn, conn.ConnectionState().PeerCertificates[0].Subject.CommonName
		}
		old, name := served()
		if name != "old" {
			t.Fatal(name)
		}
		send(t, old, "before\n")
		must(t, os.WriteFile(a.path("server.pem"), []byte("nonsense"), 0o600))
		if err := r.Reload(); err == nil || !strings.Contains(err.Error(), a.path("server.pem")) {
			t.Error("a broken file:", err)
		}
		must(t, os.Remove(a.path("server.pem")))
		if err := r.Reload(); !errors.Is(err, os.ErrNotExist) {
			t.Error("no file:", err)
		}
		if _, name := served(); name != "old" {
			t.Error("after a reload that failed:", name)
		}
		a.issue("new", "server")
		must(t, r.Reload())
		if _, name := served(); name != "new" {
			t.Error("after the reload:", name)
		}
		send(t, old, "after\n")
		awaitCount(t, s, 2)
		a.ca.Issue("server", &x509.Certificate{NotAfter: time.Now().Add(-time.Hour)})
		must(t, r.Reload())
		if text := <-warned; !strings.Contains(text, "has expired") {
			t.Error(text)
		}
	})
}

func TestTLSWrongFiles(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	a.issue("server", "server")
	a.issue("other", "other")
	empty := a.path("empty")
	must(t, os.WriteFile(empty, nil, 0o600))
	for want, url := range map[string]string{
		"key: open /nowhere: no such file":                              "tls://127.0.0.1:0?cert=" + a.path("server.pem") + "&key=/nowhere",
		empty + " has no certificate":                                   "tls://127.0.0.1:0?cert=" + empty + "&key=" + a.path("server.key"),
		"client CA: open /nowhere: no such file":                        a.url("server", "&client-ca=/nowhere"),
		"client CA: " + empty + " has no certificate":                   a.url("server", "&client-ca="+empty),
		a.path("server.pem") + " with key " + a.path("other.key"):       "tls://127.0.0.1:0?cert=" + a.path("server.pem") + "&key=" + a.path("other.key"),
		"key: " + a.path("server.pem") + " has no key in PEM; key=FILE": "tls://127.0.0.1:0?cert=" + a.path("server.pem"),
	} {
		if _, err := receiver.New(receiver.Config{Output: newSink(), Listen: []string{url}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}

// The limit of connections is for all: those in their handshake give way.
func TestTLSConnectionLimit(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	a.issue("server", "server")
	s := newSink()
	r := start(t, s, receiver.Config{Listen: []string{a.url("server", "")}, MaxConnections: 20})
	for range 100 {
		conn, err := net.Dial("tcp", addresses(r, "tls")[0])
		must(t, err)
		defer conn.Close()
	}
	conn, err := a.dial(r, &tls.Config{})
	must(t, err)
	send(t, conn, "hello\n")
	awaitCount(t, s, 1)
	awaitStats(t, r, "those that give way", func(s receiver.Stats) bool {
		return s.Connections.Closed[receiver.EndLimit] >= 80 && s.Connections.Open <= 21
	})
}

func TestTLSWithOpenSSL(t *testing.T) {
	t.Parallel()
	path, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	a := newAuthority(t)
	a.issue("server", "server")
	a.issue("client", "client")
	s := newSink()
	r := start(t, s, receiver.Config{Listen: []string{a.url("server", "&client-ca="+a.ca.File)}})
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		ctx, cancel := context.WithTimeout(t.Context(), sigtest.Fatal)
		defer cancel()
		cmd := exec.CommandContext(ctx, path, "s_client", "-connect", addresses(r, "tls")[0], "-CAfile", a.ca.File, version,
			"-cert", a.path("client.pem"), "-key", a.path("client.key"), "-verify_return_error", "-quiet", "-no_ign_eof")
		cmd.Stdin = strings.NewReader("from openssl " + version + "\n")
		var said bytes.Buffer
		cmd.Stderr = &said
		if err := cmd.Run(); err != nil {
			t.Errorf("%v\n%s", err, said.String())
		}
	}
	awaitCount(t, s, 2)
	s.exactly(t, map[string]bool{"from openssl -tls1_2": true, "from openssl -tls1_3": true})
}
