package receiver_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/receiver"
)

// authority signs certificates for a test.
type authority struct {
	t    testing.TB
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
	n    int64
}

func newAuthority(t testing.TB) *authority {
	a := &authority{t: t, dir: t.TempDir(), pool: x509.NewCertPool()}
	a.cert, a.key = a.sign("authority", "ca", nil, nil, time.Hour)
	a.pool.AddCert(a.cert)
	return a
}

// sign writes a certificate and its key to name.pem and name.key.
func (a *authority) sign(common, name string, parent *x509.Certificate, by *ecdsa.PrivateKey, valid time.Duration) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(a.t, err)
	a.n++
	c := &x509.Certificate{
		SerialNumber: big.NewInt(a.n), Subject: pkix.Name{CommonName: common},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(valid),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		BasicConstraintsValid: true, IsCA: parent == nil, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if parent == nil {
		parent, by = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, by)
	must(a.t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(a.t, err)
	must(a.t, os.WriteFile(a.path(name+".pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(a.t, os.WriteFile(a.path(name+".key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	c, err = x509.ParseCertificate(der)
	must(a.t, err)
	return c, key
}

func (a *authority) path(name string) string { return a.dir + "/" + name }

// issue makes a certificate, name.pem with name.key, for common.
func (a *authority) issue(common, name string) {
	a.t.Helper()
	a.sign(common, name, a.cert, a.key, time.Hour)
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
