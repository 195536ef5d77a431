package netconn_test

import (
	"crypto/tls"
	"net"
	"os"
	"testing"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"golang.org/x/net/nettest"
)

// TestConformance is what package net's own kind of connection has to do.
func TestConformance(t *testing.T) {
	t.Parallel()
	c := newConfig(t)
	for _, network := range []string{"tcp", "tcp6", "unix"} {
		t.Run(network, func(t *testing.T) {
			nettest.TestConn(t, func() (a, b net.Conn, stop func(), err error) {
				a, b = pair(t, c, network)
				return a, b, func() { a.Close(); b.Close() }, nil
			})
		})
	}
}

// TestConformanceOfTLS has each case in a process of its own, since the suite does
// not let one choose. Three are left out that TLS on package net's connections fails
// as well: for crypto/tls a write that timed out is the end of the connection.
func TestConformanceOfTLS(t *testing.T) {
	if os.Getenv(tlsVar) == "" {
		for _, name := range []string{
			"BasicIO", "PingPong", "RacyRead", "RacyWrite",
			"ReadTimeout", "WriteTimeout", "PresentTimeout", "CloseTimeout",
		} {
			sigtest.Run(t, t.Name()+"/"+name, tlsVar+"=1")
		}
		return
	}
	c := newConfig(t)
	cert, pool := certificate(t)
	nettest.TestConn(t, func() (a, b net.Conn, stop func(), err error) {
		a, b = pair(t, c, "tcp")
		client := tls.Client(a, &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"})
		server := tls.Server(b, &tls.Config{Certificates: []tls.Certificate{cert}})
		failed := make(chan error, 1)
		go func() { failed <- server.Handshake() }()
		if err := client.Handshake(); err != nil {
			return nil, nil, nil, err
		}
		return client, server, func() { client.Close(); server.Close() }, <-failed
	})
}

// tlsVar makes a process run the suite for TLS.
const tlsVar = "SIGIO_TEST_TLS"

// The same, when the kernel cannot queue a single signal and the loop sweeps.
func TestConformanceWithoutSignals(t *testing.T) {
	if !sigtest.Alone(t, sigtest.SignalLimit(0)) {
		return
	}
	t.Run("all", TestConformance)
}

// The same, on the back end that other systems have.
func TestConformanceOfPortable(t *testing.T) {
	if !sigtest.Alone(t, portableVar+"=1") {
		return
	}
	t.Run("all", TestConformance)
}
