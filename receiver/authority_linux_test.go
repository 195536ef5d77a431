package receiver_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"path/filepath"
	"testing"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/receiver"
)

// authority signs certificates for a test.
type authority struct {
	t    testing.TB
	ca   *sigtest.Authority
	pool *x509.CertPool
}

func newAuthority(t testing.TB) *authority {
	ca := sigtest.NewAuthority(t)
	return &authority{t: t, ca: ca, pool: ca.Pool}
}

func (a *authority) path(name string) string { return filepath.Join(filepath.Dir(a.ca.File), name) }

// issue makes a certificate, name.pem with name.key, for common.
func (a *authority) issue(common, name string) {
	a.t.Helper()
	a.ca.Issue(name, &x509.Certificate{Subject: pkix.Name{CommonName: common}, KeyUsage: x509.KeyUsageDigitalSignature})
}

// url is that of an address with the certificate name.
func (a *authority) url(name, more string) string {
	return fmt.Sprintf("tls://127.0.0.1:0?cert=%s.pem&key=%[1]s.key%s", a.path(name), more)
}

// dial makes a TLS connection to r.
func (a *authority) dial(r *receiver.Receiver, c *tls.Config) (*tls.Conn, error) {
	a.t.Helper()
	c.RootCAs, c.ServerName = a.pool, "localhost"
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: sigtest.Fatal}, "tcp", addresses(r, "tls")[0], c)
	if err == nil {
		a.t.Cleanup(func() { conn.Close() })
	}
	return conn, err
}
