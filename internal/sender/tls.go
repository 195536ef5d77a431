package sender

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
)

// TLS names the files with which a receiver is known and convinced. The zero value trusts whom the
// system trusts, and has nothing to show. A receiver is always verified.
type TLS struct {
	CA   string // the certificates of authorities, in PEM, that are trusted instead of the system's
	Cert string // the own certificate and what leads to its authority, in PEM, for receivers that want one
	Key  string // its key; "" if it is in Cert
	Name string // whom the receiver's certificate must be for; "" is the target's host
}

// parse reads the parameters of a URL.
func (t *TLS) parse(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return fmt.Errorf("%w: write name=value&name=value behind the ?", err)
	}
	for name, list := range values {
		place := map[string]*string{"ca": &t.CA, "cert": &t.Cert, "key": &t.Key, "name": &t.Name}[name]
		switch {
		case place == nil:
			return fmt.Errorf("it has no parameter %q: want ca, cert, key, name", name)
		case len(list) > 1:
			return fmt.Errorf("%s is there more than once", name)
		case list[0] == "":
			return fmt.Errorf("%s has no value", name)
		}
		*place = list[0]
	}
	if t.Key != "" && t.Cert == "" {
		return errors.New("there is a key without its certificate: write cert=FILE")
	}
	return nil
}

// Check reads the files that t names. An error says which of them is wrong. Run does the same.
func (t Target) Check() error {
	_, err := t.secure()
	return err
}

// secure returns nil for a target without TLS.
func (t Target) secure() (*tls.Config, error) {
	if t.Network != "tls" {
		return nil, nil
	}
	c, err := t.TLS.config()
	if err != nil {
		return nil, fmt.Errorf("sigio: target %q: %w", t, err)
	}
	if c.ServerName == "" {
		c.ServerName, _, err = net.SplitHostPort(t.Address)
	}
	return c, err
}

// config reads the files.
func (t *TLS) config() (*tls.Config, error) {
	c := &tls.Config{ServerName: t.Name, MinVersion: tls.VersionTLS12}
	if t.CA != "" {
		content, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, fmt.Errorf("ca: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(content) {
			return nil, fmt.Errorf("ca: %s has no certificate in PEM", t.CA)
		}
	}
	if t.Cert != "" {
		pair, err := t.pair()
		if err != nil {
			return nil, err
		}
		// Whatever authorities the receiver names: it shall say itself what it does not accept.
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	return c, nil
}

// pair reads the own certificate and its key.
func (t *TLS) pair() (pair tls.Certificate, err error) {
	cert, err := os.ReadFile(t.Cert)
	if err != nil {
		return pair, fmt.Errorf("cert: %w", err)
	}
	file := t.Key
	if file == "" {
		file = t.Cert
	}
	key, err := os.ReadFile(file)
	if err != nil {
		return pair, fmt.Errorf("key: %w", err)
	}
	if block, _ := pem.Decode(cert); block == nil {
		return pair, fmt.Errorf("cert: %s has no certificate in PEM", t.Cert)
	}
	if pair, err = tls.X509KeyPair(cert, key); err != nil {
		return pair, fmt.Errorf("cert %s with key %s: %w", t.Cert, file, err)
	}
	return pair, nil
}

// Distrust is why a sender and a receiver do not come together over TLS: one of them does not accept
// the other's certificate.
type Distrust struct {
	Cause  string // in a few words
	Advice string // what it means and which parameter of the target would help
	Err    error  // what package crypto/tls says
}

func (d *Distrust) Error() string { return d.Advice + " (" + d.Err.Error() + ")" }
func (d *Distrust) Unwrap() error { return d.Err }

// explain makes a Distrust of err if it is about certificates.
func (t *Target) explain(err error) error {
	var (
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
		plain     tls.RecordHeaderError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &authority) && t.TLS.CA == "":
		return &Distrust{"unknown authority", "the system does not know the authority of the receiver's certificate: name it with ca=FILE", err}
	case errors.As(err, &authority):
		return &Distrust{"unknown authority", "the receiver's certificate is not of an authority in " + t.TLS.CA + ": ca=FILE names another file", err}
	case errors.As(err, &name):
		return &Distrust{"wrong name", "the receiver's certificate is for others: name=NAME says whom it must be for", err}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return &Distrust{"expired", "the receiver's certificate is not valid now: it needs a new one, or a clock is wrong", err}
	case errors.As(err, &verify):
		return &Distrust{"invalid certificate", "the receiver's certificate is not valid", err}
	case errors.As(err, &plain):
		return &Distrust{"no TLS", "the receiver does not speak TLS: is tcp:// meant?", err}
	case refusal(err) == nil:
	case strings.Contains(err.Error(), "certificate required") || t.TLS.Cert == "" && strings.Contains(err.Error(), "bad certificate"):
		return &Distrust{"certificate required", "the receiver wants a certificate: name one with cert=FILE and key=FILE", err}
	case t.TLS.Cert != "" && strings.Contains(err.Error(), "certificate"):
		return &Distrust{"certificate refused", "the receiver does not accept the certificate " + t.TLS.Cert + ": cert=FILE and key=FILE name another", err}
	}
	return err
}

// refusal returns the alert in err that a peer has sent, or nil. Package crypto/tls shows alerts in
// no other way.
func refusal(err error) *net.OpError {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		return op
	}
	return nil
}
