package sigtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority issues certificates for tests of TLS, as files.
type Authority struct {
	t    testing.TB
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	n    int64

	File string         // its own certificate
	Pool *x509.CertPool // with that
}

// NewAuthority makes one whose files last as long as the test.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	a := &Authority{t: t, dir: t.TempDir()}
	self := &x509.Certificate{IsCA: true, KeyUsage: x509.KeyUsageCertSign, NotAfter: time.Now().Add(time.Hour)}
	a.cert, a.key = self, nil
	a.File, _ = a.Issue("authority", self)
	a.Pool = x509.NewCertPool()
	a.Pool.AddCert(a.cert)
	return a
}

// Issue makes the files of a certificate and of its key. What template leaves out becomes: its
// name, one hour, for 127.0.0.1 and localhost. A nil template is an empty one.
func (a *Authority) Issue(name string, template *x509.Certificate) (cert, key string) {
	a.t.Helper()
	if template == nil {
		template = new(x509.Certificate)
	}
	a.n++
	template.SerialNumber = big.NewInt(a.n)
	if template.Subject.CommonName == "" {
		template.Subject.CommonName = name
	}
	template.NotBefore, template.BasicConstraintsValid = time.Now().Add(-2*time.Hour), true
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(time.Hour)
	}
	if template.DNSNames == nil {
		template.DNSNames, template.IPAddresses = []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	a.must(err)
	if a.key == nil { // its own
		a.key = private
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &private.PublicKey, a.key)
	a.must(err)
	if a.cert == template {
		a.cert, err = x509.ParseCertificate(der)
		a.must(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	a.must(err)
	cert, key = filepath.Join(a.dir, name+".pem"), filepath.Join(a.dir, name+".key")
	a.must(os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	a.must(os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), 0o600))
	return cert, key
}

func (a *Authority) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}
