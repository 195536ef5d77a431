// Tlsidle shows what an idle TLS connection costs `sigio serve`: its memory, divided by
// the connections, while they have not begun to speak, after the handshake, after one
// line each, and after lines as long as a record of TLS. docs/performance.md has its figures.
//
//	(cd .. && go build -o /tmp/sigio ./cmd/sigio) && GOGC=20 go run ./tlsidle /tmp/sigio
//
// Without GOGC=20 the server has the garbage of the handshakes among its memory until its
// collector runs next. It needs a limit of open files above 4,100 (ulimit -n).
package main

import (
	"bufio"
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
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio/bench/load"
)

const connections = 4000

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: tlsidle PATH-OF-SIGIO")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "tlsidle:", err)
		os.Exit(1)
	}
}

func run(sigio string) error {
	folder, err := os.MkdirTemp("", "tlsidle-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "server.pem")
	if err := certify(file); err != nil {
		return err
	}
	serve := exec.Command(sigio, "serve", "--listen", "tls://127.0.0.1:0?cert="+file,
		"--max-connections", "12000", "--first-byte-timeout", "10m")
	stderr, err := serve.StderrPipe()
	if err != nil {
		return err
	}
	if err := serve.Start(); err != nil {
		return err
	}
	defer serve.Process.Kill()
	line, err := bufio.NewReader(stderr).ReadString('\n')
	if err != nil {
		return err
	}
	_, address, _ := strings.Cut(strings.TrimSpace(line), "tls://")
	s := server{pid: serve.Process.Pid, address: address}
	if err := s.measure(); err != nil {
		return err
	}
	serve.Process.Signal(syscall.SIGTERM)
	return serve.Wait()
}

type server struct {
	pid     int
	address string
	before  int64
}

func (s *server) measure() error {
	if _, err := s.speak(1); err != nil { // so that all is there that one connection needs
		return err
	}
	s.before = s.settled()
	held := make([]net.Conn, connections)
	for i := range held {
		var err error
		if held[i], err = net.Dial("tcp", s.address); err != nil {
			return err
		}
	}
	s.report("before the handshake")
	for i := range held {
		c := tls.Client(held[i], &tls.Config{InsecureSkipVerify: true})
		if err := c.Handshake(); err != nil {
			return err
		}
		held[i] = c
	}
	s.report("after the handshake")
	for _, size := range []int{90, 15 << 10} {
		for _, c := range held {
			if _, err := fmt.Fprintln(c, strings.Repeat("x", size)); err != nil {
				return err
			}
		}
		s.report(fmt.Sprintf("after a line of %d bytes", size))
	}
	return nil
}

// speak returns a connection that has sent a line of some bytes.
func (s *server) speak(size int) (net.Conn, error) {
	c, err := tls.Dial("tcp", s.address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprintln(c, strings.Repeat("x", size))
	return c, err
}

func (s *server) report(when string) {
	now := s.settled()
	fmt.Printf("%-28s %8.1f KiB a connection\n", when, float64(now-s.before)/connections/1024)
}

// settled returns the memory of the server once that has stopped changing for a while.
func (s *server) settled() int64 {
	last, _ := load.Memory(s.pid)
	for same := 0; same < 5; {
		time.Sleep(100 * time.Millisecond)
		now, _ := load.Memory(s.pid)
		if same++; now != last {
			same = 0
		}
		last = now
	}
	return last
}

// certify makes a certificate and its key, both in one file.
func certify(file string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...)
	return os.WriteFile(file, text, 0o600)
}
