package sender_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sender"
	"github.com/seed-067c1534/sigio/internal/sigtest"
)

// secured is an authority with a server's certificate.
type secured struct {
	*sigtest.Authority
	config *tls.Config
}

func secure(t *testing.T, template *x509.Certificate) secured {
	t.Helper()
	a := sigtest.NewAuthority(t)
	pair, err := tls.LoadX509KeyPair(a.Issue("server", template))
	if err != nil {
		t.Fatal(err)
	}
	return secured{a, &tls.Config{Certificates: []tls.Certificate{pair}}}
}

// wantClients makes the server want certificates of an authority.
func (s secured) wantClients(t *testing.T, of *sigtest.Authority) {
	t.Helper()
	content, err := os.ReadFile(of.File)
	if err != nil {
		t.Fatal(err)
	}
	s.config.ClientCAs, s.config.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
	s.config.ClientCAs.AppendCertsFromPEM(content)
}

// stream is all that came over a connection, and how that ended.
type stream struct {
	text string
	err  error // nil for the end of TLS
}

// listen hands out what comes. The handshakes end before the streams are closed.
func (s secured) listen(t *testing.T) (sender.Target, <-chan stream) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	streams := make(chan stream, 1000)
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				c := tls.Server(c, s.config)
				defer c.Close()
				c.SetDeadline(time.Now().Add(fatal))
				b, err := io.ReadAll(c)
				streams <- stream{string(b), err}
			})
		}
	})
	t.Cleanup(func() { l.Close(); conns.Wait() })
	return sender.Target{Network: "tls", Address: l.Addr().String(), TLS: sender.TLS{CA: s.File}}, streams
}

// Each message comes whole, with the end of TLS behind it, in both versions and with and without a
// connection of its own.
func TestTLS(t *testing.T) {
	t.Parallel()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, keep := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s,keep=%v", tls.VersionName(version), keep), func(t *testing.T) {
				t.Parallel()
				s := secure(t, nil)
				s.config.MaxVersion = version
				to, streams := s.listen(t)
				const total = 100
				r := send(t, sender.Config{Target: to, Text: "x", Number: true, Count: total, Connections: 3, KeepOpen: keep}, total, 0)
				seen, n := make(map[int]bool), 0
				for len(seen) < total {
					one := <-streams
					if one.err != nil {
						t.Fatal(one.err)
					}
					n += len(one.text)
					for l := range strings.Lines(one.text) {
						sequence(t, seen, decode(t, []byte(l)), "x")
					}
				}
				if int(r.Bytes) != n {
					t.Errorf("%d bytes came, %d were counted", n, r.Bytes)
				}
			})
		}
	}
}

// Names that a certificate is for: the target's host, or the one that is given.
func TestTLSNames(t *testing.T) {
	t.Parallel()
	s := secure(t, &x509.Certificate{DNSNames: []string{"logs.example.org"}})
	to, streams := s.listen(t)
	to.TLS.Name = "logs.example.org"
	send(t, sender.Config{Target: to, Text: "x"}, 1, 0)
	if one := <-streams; one.err != nil {
		t.Fatal(one.err)
	}
}

// A key may be in the file of its certificate.
func TestTLSClientCertificate(t *testing.T) {
	t.Parallel()
	s := secure(t, nil)
	s.wantClients(t, s.Authority)
	to, streams := s.listen(t)
	cert, key := s.Issue("client", nil)
	both := filepath.Join(t.TempDir(), "both.pem")
	join(t, both, cert, key)
	for _, to.TLS.Cert = range []string{cert, both} {
		if to.TLS.Key = ""; to.TLS.Cert == cert {
			to.TLS.Key = key
		}
		send(t, sender.Config{Target: to, Text: "x"}, 1, 0)
		if one := <-streams; one.err != nil {
			t.Fatal(one.err)
		}
	}
}

func join(t *testing.T, to string, files ...string) {
	t.Helper()
	var all []byte
	for _, f := range files {
		content, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, content...)
	}
	if err := os.WriteFile(to, all, 0o600); err != nil {
		t.Fatal(err)
	}
}

// distrusts are receivers that a sender does not come together with, and what is said then.
var distrusts = map[string]struct {
	prepare func(t *testing.T) (sender.Target, <-chan stream)
	cause   string
	advice  string
}{
	"unknown to the system": {func(t *testing.T) (sender.Target, <-chan stream) {
		to, streams := secure(t, nil).listen(t)
		to.TLS.CA = ""
		return to, streams
	}, "unknown authority", "the system does not know the authority of the receiver's certificate: name it with ca=FILE"},
	"unknown to the file": {func(t *testing.T) (sender.Target, <-chan stream) {
		to, streams := secure(t, nil).listen(t)
		to.TLS.CA = sigtest.NewAuthority(t).File
		return to, streams
	}, "unknown authority", ".pem: ca=FILE names another file"},
	"wrong name": {func(t *testing.T) (sender.Target, <-chan stream) {
		return secure(t, &x509.Certificate{DNSNames: []string{"logs.example.org"}}).listen(t)
	}, "wrong name", "name=NAME says"},
	"expired": {func(t *testing.T) (sender.Target, <-chan stream) {
		return secure(t, &x509.Certificate{NotAfter: time.Now().Add(-time.Hour)}).listen(t)
	}, "expired", "is not valid now"},
	"no certificate": {func(t *testing.T) (sender.Target, <-chan stream) {
		s := secure(t, nil)
		s.wantClients(t, s.Authority)
		return s.listen(t)
	}, "certificate required", "name one with cert=FILE and key=FILE"},
	"a stranger's certificate": {func(t *testing.T) (sender.Target, <-chan stream) {
		s := secure(t, nil)
		s.wantClients(t, s.Authority)
		to, streams := s.listen(t)
		to.TLS.Cert, to.TLS.Key = sigtest.NewAuthority(t).Issue("client", nil)
		return to, streams
	}, "certificate refused", "client.pem: cert=FILE and key=FILE name another"},
}

// No message has been sent to whom one does not trust, nor to one that does not trust the sender, though
// TLS 1.3 tells that only when messages are on their way.
func TestDistrust(t *testing.T) {
	t.Parallel()
	for name, c := range distrusts {
		for _, keep := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s,keep=%v", name, keep), func(t *testing.T) {
				t.Parallel()
				to, streams := c.prepare(t)
				r := send(t, sender.Config{Target: to, Text: "x", Count: 20, KeepOpen: keep}, 0, 20)
				var d *sender.Distrust
				if !errors.As(r.First, &d) || !strings.Contains(d.Error(), c.advice) || r.Failures[c.cause] == 0 {
					t.Errorf("%+v", r)
				}
				if one := <-streams; one.err == nil || one.text != "" {
					t.Errorf("came %+v", one)
				}
			})
		}
	}
}

// With acknowledgements it is said at once, though other failures are tried again.
func TestDistrustOfAcks(t *testing.T) {
	t.Parallel()
	for name, c := range distrusts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			to, _ := c.prepare(t)
			start := time.Now()
			r, err := runAcked(t, sender.Config{Target: to, Text: "x", Timeout: fatal / 2})
			if err == nil || !strings.Contains(err.Error(), c.advice) || r.Sent != 0 || r.Failures[c.cause] == 0 {
				t.Errorf("%+v, %v", r, err)
			}
			if took := time.Since(start); took > fatal/2 {
				t.Errorf("it was tried for %v", took)
			}
		})
	}
}

// A receiver of plain TCP does not answer, or not in TLS.
func TestNoTLS(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	to := sender.Target{Network: "tls", Address: l.Addr().String()}
	r := send(t, sender.Config{Target: to, Text: "x", Timeout: 50 * time.Millisecond}, 0, 1)
	if r.Failures["timed out"] != 1 || !strings.Contains(r.First.Error(), "TLS handshake") {
		t.Errorf("%+v", r)
	}
	go func() {
		for range 2 { // the first has given up
			if c, err := l.Accept(); err == nil {
				io.WriteString(c, "220 ready\r\n")
				defer c.Close()
			}
		}
	}()
	r = send(t, sender.Config{Target: to, Text: "x"}, 0, 1)
	if r.Failures["no TLS"] != 1 || !strings.Contains(r.First.Error(), "is tcp:// meant?") {
		t.Errorf("%+v", r)
	}
}

// Files that are wrong are named, before anything is sent.
func TestTLSFiles(t *testing.T) {
	t.Parallel()
	a := sigtest.NewAuthority(t)
	cert, key := a.Issue("client", nil)
	_, other := a.Issue("other", nil)
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, files := range map[string]sender.TLS{
		"ca: open /nowhere: ":                 {CA: "/nowhere"},
		"ca: " + empty + " has no":            {CA: empty},
		"cert: open /nowhere: ":               {Cert: "/nowhere"},
		"cert: " + empty + " has no":          {Cert: empty, Key: key},
		"key: open /nowhere: ":                {Cert: cert, Key: "/nowhere"},
		"cert " + cert + " with key " + other: {Cert: cert, Key: other},
		"cert " + cert + " with key " + cert:  {Cert: cert},
	} {
		to := sender.Target{Network: "tls", Address: "h:1", TLS: files}
		if err := to.Check(); err == nil || !strings.Contains(err.Error(), `sigio: target "tls://h:1": `+want) {
			t.Errorf("want %q: %v", want, err)
		}
		if r, err := sender.Run(t.Context(), sender.Config{Target: to}); err == nil || r.Failed > 0 {
			t.Errorf("want %q: %+v", want, r)
		}
	}
	if err := (sender.Target{Network: "tls", Address: "h:1", TLS: sender.TLS{CA: a.File, Cert: cert, Key: key}}).Check(); err != nil {
		t.Error(err)
	}
}

// An interrupted sender says farewell: what it has counted as sent is not reset.
func TestTLSContextEnds(t *testing.T) {
	t.Parallel()
	to, streams := secure(t, nil).listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := sender.Run(ctx, sender.Config{Target: to, Lines: endless{}, KeepOpen: true, Progress: func(sent, _ int, _ time.Duration) {
		if sent == 100 {
			cancel()
		}
	}})
	one := <-streams
	if n := strings.Count(one.text, "\n"); !errors.Is(err, context.Canceled) || r.Sent != n || one.err != nil {
		t.Errorf("%+v, %v; %d came, %v", r, err, n, one.err)
	}
}

// A receiver that does not read is given up in time, and so is one that does not end the connection.
func TestTLSTimeout(t *testing.T) {
	t.Parallel()
	s := secure(t, nil)
	l, err := tls.Listen("tcp", "127.0.0.1:0", s.config)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				c.(*tls.Conn).Handshake()
				<-done
				c.Close()
			}()
		}
	}()
	to := sender.Target{Network: "tls", Address: l.Addr().String(), TLS: sender.TLS{CA: s.File}}
	r := send(t, sender.Config{Target: to, Text: strings.Repeat("x", 8<<20), Timeout: 2 * time.Second}, 0, 1)
	if r.Failures["timed out"] != 1 {
		t.Errorf("%+v", r)
	}
	send(t, sender.Config{Target: to, Text: "short", Timeout: 2 * time.Second}, 1, 0)
}

// TestAckOverTLS loses a connection in the middle: what was not acknowledged comes again.
func TestAckOverTLS(t *testing.T) {
	t.Parallel()
	s := secure(t, nil)
	var first, second []string
	to := ackerAt(t, must(tls.Listen("tcp", "127.0.0.1:0", s.config)),
		func(in *bufio.Scanner, out net.Conn) {
			fmt.Fprint(out, "ack 0\n")
			first = ids(t, in, 10)
			fmt.Fprint(out, "ack 3\n")
			out.(*tls.Conn).NetConn().Close() // without an end of TLS
		},
		func(in *bufio.Scanner, out net.Conn) {
			fmt.Fprint(out, "ack 0\n")
			second = ids(t, in, 7)
			fmt.Fprint(out, "ack 7\n")
			if in.Scan() || in.Err() != nil {
				t.Errorf("the sender ends with %q, %v", in.Text(), in.Err())
			}
		})
	to.Network, to.TLS.CA = "tls", s.File
	r, err := runAcked(t, sender.Config{Target: to, Text: "x", Count: 10})
	if err != nil || r.Sent != 10 || r.Failed != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	// The receiver may have cut the connection before its last acknowledgement was read.
	if all := fmt.Sprint(first[10-len(second):]); all != fmt.Sprint(second) {
		t.Errorf("again came %s, want %s", second, all)
	}
}

func must(l net.Listener, err error) net.Listener {
	if err != nil {
		panic(err)
	}
	return l
}
