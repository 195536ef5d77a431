package netconn_test

import (
	"crypto/tls"
	"net"
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

// TestConformanceOfTLS is the same for TLSConn, in either role: the suite does nearly
// everything to its first connection. (A plain *tls.Conn fails PastTimeout,
// FutureTimeout and ConcurrentMethods, on package net's connections as on these: for
// crypto/tls a write that timed out is the end.)
func TestConformanceOfTLS(t *testing.T) {
	t.Parallel()
	c := newConfig(t)
	for _, version := range tlsVersions {
		for _, network := range []string{"tcp", "unix"} {
			for _, role := range []string{"client", "server"} {
				t.Run(tls.VersionName(version)+"/"+network+"/"+role, func(t *testing.T) {
					t.Parallel()
					nettest.TestConn(t, func() (a, b net.Conn, stop func(), err error) {
						a, b = pair(t, c, network)
						client, server := tlsPair(t, a, b, version)
						a, b = client, server
						if role == "server" {
							a, b = b, a
						}
						// In this order, since some cases leave a with a rest that b does
						// not read: it would wait 5 s.
						return a, b, func() { b.Close(); a.Close() }, nil
					})
				})
			}
		}
	}
}

// The same, when the kernel cannot queue a single signal and the loop sweeps.
func TestConformanceWithoutSignals(t *testing.T) {
	if !sigtest.Alone(t, sigtest.SignalLimit(0)) {
		return
	}
	t.Run("all", TestConformance)
	t.Run("TLS", TestConformanceOfTLS)
}

// The same, on the back end that other systems have.
func TestConformanceOfPortable(t *testing.T) {
	if !sigtest.Alone(t, portableVar+"=1") {
		return
	}
	t.Run("all", TestConformance)
	t.Run("TLS", TestConformanceOfTLS)
}
