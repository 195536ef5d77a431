package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Promtool finds nothing to complain about in the metrics of a server that has every kind of input
// and output, and a spool, and has delivered and rejected messages.
func TestPromtool(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Skip("promtool is not installed")
	}
	if out, err := lint("sigio_x_count 1\n"); err == nil {
		t.Fatalf("promtool lets everything pass: %s", out)
	}
	nats := startNATS(t)
	given, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer given.Close()
	socket, err := given.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	folder := t.TempDir()
	writeCertificate(t, folder, 1)
	s := startService(t, folder, nil, []*os.File{socket}, "--stats", "account", "--http", "unix:http", "--http-pprof", "--spool", "spool",
		"--listen", "udp://127.0.0.1:0", "--listen", "tcp://127.0.0.1:0", "--listen", "tls://127.0.0.1:0?cert=cert&key=key",
		"--listen", "unix://stream", "--listen", "unixgram://datagram", "--listen", "systemd:in", "--listen", "udp://127.0.0.1:0?input=syslog",
		"--rate-limit", "1000000/s", "--max-message", "1KiB", "--workers", "2",
		"--output", "stdout:", "--output", "file:messages?rotate-size=1MB&compress=gzip", "--output", "sqlite:base", "--output", "nats://"+nats.host()+"/PROM.messages")
	account := filepath.Join(folder, "account")
	waitUntil(t, "the start", func() bool { return readAccount(account) != nil || len(s.ended) > 0 })
	n := 0
	for _, l := range readAccount(account)["listeners"].([]any) {
		network, address, _ := strings.Cut(l.(map[string]any)["address"].(string), "://")
		if network == "tls" {
			network = "tcp" // a handshake that fails
		} else {
			n++
		}
		if strings.HasPrefix(network, "unix") {
			address = filepath.Join(folder, address)
		}
		for _, text := range []string{"message", strings.Repeat("too long ", 1000)} {
			conn, err := net.Dial(network, address)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(conn, text)
			conn.Close()
		}
	}
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(folder, "http"))
	}}}
	defer client.CloseIdleConnections()
	written := regexp.MustCompile(fmt.Sprintf(`(?m)^sigio_output_written_total{.*} %d$`, n))
	var metrics string
	waitUntil(t, "the outputs", func() bool {
		answer, err := client.Get("http://server/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, _ := io.ReadAll(answer.Body)
		metrics = string(body)
		return len(written.FindAllString(metrics, -1)) == 5 // the spool, too
	})
	for _, want := range []string{`"nats://`, `"sqlite:`, `"file:`, `"standard output"`, "sigio_spool_", `"oversize"`, `"handshake"`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
	if out, err := lint(metrics); err != nil || len(out) > 0 {
		t.Errorf("promtool: %v\n%s", err, out)
	}
	s.stop(t)
}

// lint is what promtool says of metrics.
func lint(metrics string) ([]byte, error) {
	cmd := exec.Command("promtool", "check", "metrics")
	cmd.Stdin = strings.NewReader(metrics)
	return cmd.CombinedOutput()
}
