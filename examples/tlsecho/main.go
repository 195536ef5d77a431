//go:build linux

// Tlsecho sends back what it is sent over TLS, with a certificate that it makes for
// itself at the start. Its own client talks to it, once, unless it is to serve.
//
//	tlsecho                    talk to yourself
//	tlsecho serve [host:port]  serve
//
// Its lesson: crypto/tls, deadlines and half close on connections that are woken by
// signals, at both ends.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"os"
	"time"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/netconn"
)

func main() {
	log.SetFlags(0)
	if err := run(os.Args[1:]); err != nil {
		log.Fatal("tlsecho: ", err)
	}
}

func run(args []string) error {
	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		return err
	}
	defer loop.Close()
	network := &netconn.Config{Loops: []*sigio.Loop{loop}}
	certificate, trusted, err := newCertificate()
	if err != nil {
		return err
	}
	address := "localhost:0"
	if len(args) > 1 {
		address = args[1]
	}
	plain, err := network.Listen(context.Background(), "tcp", address)
	if err != nil {
		return err
	}
	listener := tls.NewListener(plain, &tls.Config{Certificates: []tls.Certificate{certificate}})
	defer listener.Close()
	if len(args) > 0 && args[0] == "serve" {
		fmt.Fprintln(os.Stderr, "listening on", listener.Addr())
		return serve(listener)
	}
	go serve(listener) // ends when the listener is closed
	return talk(network, listener.Addr().String(), trusted)
}

// patience is how long the server waits for a client that says nothing.
const patience = time.Minute

func serve(listener net.Listener) error {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(patience))
			io.Copy(conn, conn)
			conn.(*tls.Conn).CloseWrite()
		}()
	}
}

func talk(network *netconn.Config, address string, trusted *x509.CertPool) error {
	plain, err := network.Dial("tcp", address)
	if err != nil {
		return err
	}
	conn := tls.Client(plain, &tls.Config{RootCAs: trusted, ServerName: "localhost"})
	defer conn.Close()
	if _, err := io.WriteString(conn, "said over TLS, on signals"); err != nil {
		return err
	}
	if err := conn.CloseWrite(); err != nil {
		return err
	}
	answer, err := io.ReadAll(conn)
	fmt.Printf("%s: %q\n", tls.VersionName(conn.ConnectionState().Version), answer)
	return err
}

// newCertificate makes a certificate for localhost, and the pool that trusts it.
func newCertificate() (tls.Certificate, *x509.CertPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		NotBefore:    time.Now().Add(-time.Minute),
		NotAfter:     time.Now().Add(24 * time.Hour),
		DNSNames:     []string{"localhost"},
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	trusted := x509.NewCertPool()
	trusted.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, trusted, nil
}
