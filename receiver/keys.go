package receiver

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

// keys are the certificate and the settings of an address that speaks TLS, as its
// files had them when they were read last.
type keys struct {
	p       parameters
	current atomic.Pointer[tls.Config]
}

func newKeys(p parameters) (*keys, error) {
	k := &keys{p: p}
	fresh, err := k.load()
	if err != nil {
		return nil, err
	}
	k.current.Store(fresh)
	return k, nil
}

// load reads the files. An error names the one that is wrong.
func (k *keys) load() (*tls.Config, error) {
	pair, err := k.pair()
	if err != nil {
		return nil, err
	}
	version, err := k.p.tlsVersion()
	if err != nil {
		return nil, err
	}
	c := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: version}
	if k.p.ca != "" {
		pem, err := os.ReadFile(k.p.ca)
		if err != nil {
			return nil, fmt.Errorf("client CA: %w", err)
		}
		c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		if !c.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("client CA: %s has no certificate in PEM", k.p.ca)
		}
	}
	return c, nil
}

// pair reads the certificate with what leads to its CA, and the key, which may be in
// the same file.
func (k *keys) pair() (pair tls.Certificate, err error) {
	cert, err := os.ReadFile(k.p.cert)
	if err != nil {
		return pair, fmt.Errorf("certificate: %w", err)
	}
	keyFile := k.p.key
	if keyFile == "" {
		keyFile = k.p.cert
	}
	key, err := os.ReadFile(keyFile)
	if err != nil {
		return pair, fmt.Errorf("key: %w", err)
	}
	if !bytes.Contains(cert, []byte("-----BEGIN CERTIFICATE-----")) {
		return pair, fmt.Errorf("certificate: %s has no certificate in PEM", k.p.cert)
	}
	if !bytes.Contains(key, []byte("PRIVATE KEY-----")) {
		return pair, fmt.Errorf("key: %s has no key in PEM; key=FILE names another file", keyFile)
	}
	if pair, err = tls.X509KeyPair(cert, key); err != nil {
		return pair, fmt.Errorf("certificate %s with key %s: %w", k.p.cert, keyFile, err)
	}
	return pair, nil
}

// tlsVersion returns the oldest version that is spoken.
func (p *parameters) tlsVersion() (uint16, error) {
	switch p.version {
	case "", "1.2":
		return tls.VersionTLS12, nil
	case "1.3":
		return tls.VersionTLS13, nil
	}
	return 0, fmt.Errorf("tls=%s: want the oldest version to speak, 1.2 or 1.3", p.version)
}

// warnOfExpiry tells that clients will not like the certificate.
func (r *Receiver) warnOfExpiry(url string, k *keys) {
	if k == nil {
		return
	}
	if leaf := k.current.Load().Certificates[0].Leaf; leaf != nil && time.Now().After(leaf.NotAfter) {
		r.warn("expired "+url, fmt.Sprintf("%s: the certificate %s has expired at %s", url, k.p.cert, leaf.NotAfter.Format(time.RFC3339)))
	}
}

// Reload reads the files of TLS anew: connections that come from then on get the new
// certificates, and those that are open stay as they are. With an error, which names
// the files, all stays as it was. It may be called from any goroutine.
func (r *Receiver) Reload() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	fresh := map[*keys]*tls.Config{}
	var all error
	for i := range r.bound {
		k := r.bound[i].manner.keys
		if k == nil || r.bound[i].gone || fresh[k] != nil {
			continue
		}
		c, err := k.load()
		if err != nil {
			all = errors.Join(all, fmt.Errorf("sigio: %s keeps its certificate: %w", r.bound[i].url(), err))
		}
		fresh[k] = c
	}
	if all != nil {
		return all
	}
	for k, c := range fresh {
		k.current.Store(c)
	}
	for i := range r.bound {
		r.warnOfExpiry(r.bound[i].url(), r.bound[i].manner.keys)
	}
	return nil
}
