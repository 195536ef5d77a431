package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// writeCertificate writes a new one with this number.
func writeCertificate(t *testing.T, folder string, number int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(number), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert": {Type: "CERTIFICATE", Bytes: certificate}, "key": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// While the settings and the certificate are changed again and again, nobody is refused or cut at
// the addresses that stay, and everything arrives.
func TestReloadUnderLoad(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	writeCertificate(t, folder, 1)
	configure := func(more string) {
		content := `listen = ["tcp://127.0.0.1:0", "tls://127.0.0.1:0?cert=cert&key=key"` + more + `]
output = "file:messages"
format = "raw"
`
		if err := os.WriteFile(filepath.Join(folder, "new"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(folder, "new"), filepath.Join(folder, "sigio.toml")); err != nil {
			t.Fatal(err)
		}
	}
	configure("")
	s := startService(t, folder, nil, nil, "--config", "sigio.toml", "--stats", "account")
	account := filepath.Join(folder, "account")
	waitUntil(t, "the start", func() bool { return readAccount(account) != nil || len(s.ended) > 0 })
	address := map[string]string{}
	for _, l := range readAccount(account)["listeners"].([]any) {
		scheme, host, _ := strings.Cut(l.(map[string]any)["address"].(string), "://")
		address[scheme] = host
	}
	lasting, err := net.Dial("tcp", address["tcp"]) // it stays open all the time
	if err != nil {
		t.Fatal(err)
	}
	defer lasting.Close()

	var over atomic.Bool
	var sent, secret atomic.Int64
	var senders sync.WaitGroup
	seen := sync.Map{} // numbers of certificates
	began := time.Now()
	for i := range 3 {
		senders.Go(func() {
			for n := 0; !over.Load(); n++ {
				if err := deliverOnce(address["tcp"], fmt.Sprintf("tcp %d %d\n", i, n)); err != nil {
					t.Errorf("connection %d of sender %d: %v", n, i, err)
					return
				}
				sent.Add(1)
			}
		})
	}
	senders.Go(func() {
		for n := 0; !over.Load(); n++ {
			conn, err := tls.Dial("tcp", address["tls"], &tls.Config{InsecureSkipVerify: true})
			if err == nil {
				seen.Store(conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64(), true)
				_, err = fmt.Fprintf(conn, "tls %d\n", n)
				conn.Close()
			}
			if err != nil {
				t.Errorf("connection %d with TLS: %v", n, err)
				return
			}
			secret.Add(1)
		}
	})
	const reloads = 10
	for i := range reloads {
		before, beforeSecret := sent.Load(), secret.Load()
		writeCertificate(t, folder, int64(2+i))
		configure([]string{`, "udp://127.0.0.1:0", "unix://socket"`, ``}[i%2])
		fmt.Fprintf(lasting, "lasting %d\n", i)
		s.Process.Signal(syscall.SIGHUP)
		waitUntil(t, "the reload", func() bool { return strings.Count(s.log(), "settings loaded") > i })
		waitUntil(t, "more connections", func() bool {
			_, changed := seen.Load(int64(2 + i))
			return t.Failed() || sent.Load() > before+100 && secret.Load() > beforeSecret+3 && changed
		})
	}
	over.Store(true)
	senders.Wait()
	rate := float64(sent.Load()+secret.Load()) / time.Since(began).Seconds()
	want := int(sent.Load()+secret.Load()) + reloads
	waitUntil(t, fmt.Sprintf("%d messages", want), func() bool { return countLines(folder, "messages") >= want })
	s.stop(t)
	if got := countLines(folder, "messages"); got != want {
		t.Errorf("%d messages, want %d", got, want)
	}
	if log := s.log(); strings.Contains(log, "warning") {
		t.Error("there were warnings")
	}
	t.Logf("%d connections, %d of them with TLS, at %.0f/s over %d reloads", sent.Load()+secret.Load(), secret.Load(), rate, reloads)
}
