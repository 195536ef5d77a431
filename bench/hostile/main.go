// Hostile shows what hostile clients cost `sigio serve`: its memory after each kind
// of abuse, and how long another client has to wait meanwhile. docs/limits.md has
// its figures.
//
//	(cd .. && go build -o /tmp/sigio ./cmd/sigio) && go run ./hostile /tmp/sigio [loop|goroutine]
//
// It needs a limit of open files above 10,100 (ulimit -n).
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio/bench/load"
)

const silent = 10_000

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: hostile PATH-OF-SIGIO [loop|goroutine]")
		os.Exit(2)
	}
	mode := "loop"
	if len(os.Args) > 2 {
		mode = os.Args[2]
	}
	if err := run(os.Args[1], mode); err != nil {
		fmt.Fprintln(os.Stderr, "hostile:", err)
		os.Exit(1)
	}
}

func run(sigio, mode string) error {
	serve := exec.Command(sigio, "serve", "--listen", "tcp://127.0.0.1:0", "--per-connection", mode,
		"--max-connections", "12000", "--first-byte-timeout", "10m")
	stderr, err := serve.StderrPipe()
	if err != nil {
		return err
	}
	if err := serve.Start(); err != nil {
		return err
	}
	defer serve.Process.Kill()
	said := bufio.NewReader(stderr)
	line, err := said.ReadString('\n')
	if err != nil {
		return err
	}
	s := server{pid: serve.Process.Pid, address: strings.TrimSpace(line[strings.LastIndex(line, "//")+2:])}
	fmt.Printf("%-44s %10s %12s\n", "mode "+mode, "RSS, KiB", "wait, ms")
	if err := s.abuse(); err != nil {
		return err
	}
	serve.Process.Signal(syscall.SIGTERM)
	rest, _ := io.ReadAll(said)
	fmt.Print(string(rest[bytes.LastIndex(bytes.TrimSpace(rest), []byte("\n"))+1:]))
	return serve.Wait()
}

type server struct {
	pid     int
	address string
}

// abuse goes through the kinds of clients.
func (s *server) abuse() error {
	s.report("just started")
	var held []net.Conn
	for len(held) < silent {
		c, err := net.Dial("tcp", s.address)
		if err != nil {
			return err
		}
		held = append(held, c)
	}
	s.report(fmt.Sprintf("%d silent connections", silent))
	for _, c := range held[:1000] {
		fmt.Fprint(c, `{"send_user":"`, strings.Repeat("x", 1000))
	}
	s.report("1000 of them stop in a message, after 1 KB")
	for _, c := range held {
		c.Close()
	}
	s.report("all have gone")
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		return err
	}
	fmt.Fprintf(c, `{"send_user":"u","send_time":"t","send_msg":"%s"}`, strings.Repeat("x", 10<<20))
	s.report("a message of 10 MiB")
	block := bytes.Repeat([]byte("y"), 1<<20)
	for range 256 {
		c.Write(block)
	}
	s.report("a line that does not end, after 256 MiB")
	return c.Close()
}

// report prints the memory of the server and the longest that one of 20 clients
// had to wait until the message that it sent had been read.
func (s *server) report(what string) {
	wait := s.longest()
	now, _ := load.Memory(s.pid)
	fmt.Printf("%-44s %10d %12.1f\n", what, now>>10, wait.Seconds()*1000)
}

func (s *server) longest() time.Duration {
	var waits []time.Duration
	for range 20 {
		start := time.Now()
		c, err := net.Dial("tcp", s.address)
		if err != nil {
			return -1
		}
		fmt.Fprint(c, `{"send_user":"u","send_time":"t","send_msg":"m"}`)
		c.(*net.TCPConn).CloseWrite()
		c.Read(make([]byte, 1)) // the server's end of the connection
		waits = append(waits, time.Since(start))
		c.Close()
	}
	return slices.Max(waits)
}
