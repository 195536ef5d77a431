package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// keyFile writes a file and returns its path.
func keyFile(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// authority signs certificates.
type authority struct {
	t    *testing.T
	dir  string
	file string // of its own certificate
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, dir, name string) *authority {
	a := &authority{t: t, dir: dir}
	a.cert = &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	a.file, _, a.key = a.write(name, a.cert)
	return a
}

// issue writes a certificate for 127.0.0.1, and its key.
func (a *authority) issue(name string) (cert, key string) {
	cert, key, _ = a.write(name, &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	return cert, key
}

func (a *authority) write(name string, c *x509.Certificate) (cert, keyPath string, key *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	parent, by := a.cert, a.key
	if by == nil { // its own
		parent, by = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, by)
	if err != nil {
		a.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	return keyFile(a.t, a.dir, name+".pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))),
		keyFile(a.t, a.dir, name+".key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))), key
}

// nkey is a key pair as NATS writes them: base32 of the kind, the key, and a checksum (CRC-16/XMODEM).
type nkey struct {
	public, seed string
	key          ed25519.PrivateKey
}

// The kinds of keys: their first letters in base32.
const (
	operatorKey byte = 14 << 3 // O
	accountKey  byte = 0       // A
	userKey     byte = 20 << 3 // U
	seedKey     byte = 18 << 3 // S
)

func newNKey(t *testing.T, kind byte) nkey {
	t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(b []byte) string {
		crc := uint16(0)
		for _, c := range b {
			crc ^= uint16(c) << 8
			for range 8 {
				carry := crc&0x8000 != 0
				if crc <<= 1; carry {
					crc ^= 0x1021
				}
			}
		}
		return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(binary.LittleEndian.AppendUint16(b, crc))
	}
	return nkey{encode(append([]byte{kind}, public...)), encode(append([]byte{seedKey | kind>>5, kind << 3}, key.Seed()...)), key}
}

// token signs claims about somebody (JSON Web Token, as NATS has them).
func (k nkey) token(t *testing.T, about nkey, claims map[string]any) string {
	t.Helper()
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	claims["version"] = 2
	text := part(map[string]any{"typ": "JWT", "alg": "ed25519-nkey"}) + "." +
		part(map[string]any{"jti": about.public, "iat": time.Now().Unix(), "iss": k.public, "sub": about.public, "name": "test", "nats": claims})
	return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(k.key, []byte(text)))
}

// credentials are the content of a .creds file of a user of the account k.
func (k nkey) credentials(t *testing.T) string {
	user := newNKey(t, userKey)
	token := k.token(t, user, map[string]any{"type": "user", "pub": map[string]any{}, "sub": map[string]any{}, "subs": -1, "data": -1, "payload": -1})
	return fmt.Sprintf("-----BEGIN NATS USER JWT-----\n%s\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n%s\n------END USER NKEY SEED------\n", token, user.seed)
}

// operated is the part of a server's configuration in which an operator vouches for the account, and
// for that of the system, without which there is no JetStream.
func operated(t *testing.T, account nkey) string {
	operator, system := newNKey(t, operatorKey), newNKey(t, accountKey)
	vouch := func(a nkey, storage int) string {
		return a.public + ": " + operator.token(t, a, map[string]any{"type": "account", "limits": map[string]any{
			"subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1, "leaf": -1,
			"mem_storage": storage, "disk_storage": storage, "streams": storage, "consumer": storage}})
	}
	return fmt.Sprintf("operator: %s\nsystem_account: %s\nresolver: MEMORY\nresolver_preload: {\n%s\n%s\n}\n",
		operator.token(t, operator, map[string]any{"type": "operator"}), system.public, vouch(account, -1), vouch(system, 0))
}
