package netconn_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/netconn"
)

// below has the connections that TLS is tried on, for the tests that take real time.
var below = map[string]func(t testing.TB) (a, b net.Conn){"net": netPair, "pipe": pipePair}

// pipePair is a connection that takes only what is being read.
func pipePair(t testing.TB) (a, b net.Conn) {
	a, b = net.Pipe()
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

// netPair is a connection of package net.
func netPair(t testing.TB) (a, b net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if a, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if b, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

var tlsVersions = []uint16{tls.VersionTLS12, tls.VersionTLS13}

// newCertificate returns one for this host, and the pool that trusts it.
func newCertificate() (tls.Certificate, *x509.CertPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:        true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool, nil
}

func certificate(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	cert, pool, err := newCertificate()
	if err != nil {
		t.Fatal(err)
	}
	return cert, pool
}

// tlsConfigs are for the two ends of one connection.
func tlsConfigs(t testing.TB, version uint16) (client, server *tls.Config) {
	t.Helper()
	cert, pool := certificate(t)
	return &tls.Config{RootCAs: pool, ServerName: "127.0.0.1", MinVersion: version, MaxVersion: version},
		&tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: version, SessionTicketsDisabled: true}
}

// handshaker is a *tls.Conn or a *netconn.TLSConn.
type handshaker interface {
	net.Conn
	Handshake() error
}

func shakeHands(t testing.TB, a, b handshaker) {
	t.Helper()
	failed := make(chan error, 1)
	go func() { failed <- b.Handshake() }()
	if err := errors.Join(a.Handshake(), <-failed); err != nil {
		t.Fatal(err)
	}
}

// tlsPair makes both ends TLS.
func tlsPair(t testing.TB, a, b net.Conn, version uint16) (client, server *netconn.TLSConn) {
	t.Helper()
	clientConfig, serverConfig := tlsConfigs(t, version)
	client, server = netconn.TLSClient(a, clientConfig), netconn.TLSServer(b, serverConfig)
	shakeHands(t, client, server)
	return client, server
}

func onEachBelow(t *testing.T, f func(t *testing.T, a, b *netconn.TLSConn)) {
	for name, pair := range below {
		for _, version := range tlsVersions {
			t.Run(name+"/"+tls.VersionName(version), func(t *testing.T) {
				t.Parallel()
				a, b := pair(t)
				client, server := tlsPair(t, a, b, version)
				f(t, client, server)
			})
		}
	}
}

// What Write says that it wrote arrives, and nothing else does, after many time-outs in
// the middle of records of all sizes.
func TestTLSCountsExactly(t *testing.T) {
	t.Parallel()
	const total = 4 << 20
	data := make([]byte, total)
	mathrand.NewChaCha8([32]byte{}).Read(data)
	onEachBelow(t, func(t *testing.T, a, b *netconn.TLSConn) {
		for _, c := range []*netconn.TLSConn{a, b} { // so that there is soon no room
			sized, ok := c.NetConn().(interface {
				SetReadBuffer(int) error
				SetWriteBuffer(int) error
			})
			if !ok {
				continue
			}
			if err := errors.Join(sized.SetReadBuffer(1<<15), sized.SetWriteBuffer(1<<15)); err != nil {
				t.Fatal(err)
			}
		}
		written, read, timeouts, parts := 0, 0, 0, 0
		write := func(size int, patience time.Duration) {
			a.SetWriteDeadline(time.Now().Add(patience))
			size = min(size, total-written)
			n, err := a.Write(data[written : written+size])
			if n < 0 || n > size || (err == nil) != (n == size) {
				t.Fatalf("Write of %d bytes: %d, %v", size, n, err)
			}
			if err != nil {
				checkTimeout(t, err)
				timeouts++
				if n > 0 {
					parts++
				}
			}
			written += n
		}
		compare := func(got []byte, err error) {
			t.Helper()
			if err != nil || !bytes.Equal(got, data[read:read+len(got)]) {
				t.Fatalf("%d bytes after byte %d: they differ, or %v", len(got), read, err)
			}
			read += len(got)
		}

		// The peer reads only when a write has timed out, and less than was written, so
		// that whatever was written has to come without another write.
		for timeouts < 60 {
			before := timeouts
			write(1+mathrand.IntN(1<<(6+mathrand.IntN(13))), time.Duration(mathrand.IntN(2000)-100)*time.Microsecond)
			if timeouts > before && mathrand.IntN(3) == 0 {
				got := make([]byte, 1+mathrand.IntN(max(1, written-read)))
				if written > read {
					b.SetReadDeadline(time.Now().Add(20 * time.Second))
					_, err := io.ReadFull(b, got)
					compare(got, err)
				}
			}
			if written == total {
				t.Fatalf("all was written after %d time-outs", timeouts)
			}
		}

		// Then it reads while deadlines pass at any moment.
		b.SetReadDeadline(time.Now().Add(60 * time.Second))
		all := make(chan error, 1)
		rest := make([]byte, 0, total)
		go func() {
			buf := make([]byte, 8192)
			for {
				n, err := b.Read(buf)
				rest = append(rest, buf[:n]...)
				if err != nil {
					all <- err
					return
				}
			}
		}()
		for written < total {
			write(1+mathrand.IntN(60000), time.Duration(mathrand.IntN(300))*time.Microsecond)
		}
		if err := a.Close(); err != nil {
			t.Error("Close:", err)
		}
		if err := <-all; err != io.EOF {
			t.Errorf("the peer's last read: %v", err)
		}
		compare(rest, nil)
		if read != written {
			t.Errorf("%d bytes were read of %d", read, written)
		}
		if parts == 0 {
			t.Errorf("of %d time-outs none was in the middle of a write", timeouts)
		}
		b.Close()
	})
}

func checkTimeout(t testing.TB, err error) {
	t.Helper()
	if e, ok := err.(net.Error); !ok || !e.Timeout() || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("no time-out: %T %v", err, err)
	}
}

// The records of one Write are not mixed with another's.
func TestTLSWritesAreWhole(t *testing.T) {
	t.Parallel()
	const writers, rounds, size = 8, 5, 40000
	onEachBelow(t, func(t *testing.T, a, b *netconn.TLSConn) {
		var group sync.WaitGroup
		for i := range writers {
			group.Go(func() {
				for range rounds {
					if n, err := a.Write(bytes.Repeat([]byte{byte(i)}, size)); n != size || err != nil {
						t.Errorf("Write: %d, %v", n, err)
					}
				}
			})
		}
		got := make([]byte, size)
		for range writers * rounds {
			if _, err := io.ReadFull(b, got); err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(got, got[:1]); n != size {
				t.Fatalf("only %d bytes are from one Write", n)
			}
		}
		group.Wait()
		b.Close()
		a.Close()
	})
}

// sink is a connection that goes nowhere once it is full.
type sink struct {
	net.Conn
	full bool
}

func (s *sink) Write(b []byte) (int, error) {
	if s.full {
		return len(b), nil
	}
	return s.Conn.Write(b)
}

// On the way without time-outs TLSConn adds no allocation to crypto/tls's.
func TestTLSAllocates(t *testing.T) {
	if sigtest.RaceDetector {
		t.Skip("under the race detector a sync.Pool, which crypto/tls uses, forgets on purpose")
	}
	clientConfig, serverConfig := tlsConfigs(t, tls.VersionTLS13)
	measure := func(client func(net.Conn) handshaker) float64 {
		a, b := netPair(t)
		below := &sink{Conn: a}
		c := client(below)
		shakeHands(t, c, tls.Server(b, serverConfig))
		below.full = true
		c.SetDeadline(time.Now().Add(time.Hour))
		message := make([]byte, 1000)
		return testing.AllocsPerRun(1000, func() {
			if _, err := c.Write(message); err != nil {
				t.Fatal(err)
			}
		})
	}
	plain := measure(func(c net.Conn) handshaker { return tls.Client(c, clientConfig) })
	ours := measure(func(c net.Conn) handshaker { return netconn.TLSClient(c, clientConfig) })
	if ours > plain {
		t.Errorf("a Write allocates %v times, %v with crypto/tls alone", ours, plain)
	}
}
