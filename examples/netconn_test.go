//go:build linux

package examples_test

import (
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

func TestHTTPServer(t *testing.T) {
	t.Parallel()
	p := start(t, exec.Command(path(t, "httpserver"), "127.0.0.1:0"))
	said := <-p.errs
	address, ok := strings.CutPrefix(said, "listening on ")
	if !ok {
		t.Fatalf("it said %q", said)
	}
	for range 3 {
		response, err := http.Get("http://" + address + "/page")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || !strings.HasSuffix(string(body), "you asked for /page\n") {
			t.Errorf("%q, %v", body, err)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	p.cmd.Process.Signal(syscall.SIGTERM)
	if line := <-p.out; !regexp.MustCompile(`^[1-9][0-9]* signals, `).MatchString(line) {
		t.Errorf("at the end it said %q", line)
	}
	p.reaped = true
	if err := p.cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestTLSEcho(t *testing.T) {
	t.Parallel()
	out, err := exec.Command(path(t, "tlsecho")).CombinedOutput()
	if want := "TLS 1.3: \"said over TLS, on signals\"\n"; string(out) != want || err != nil {
		t.Errorf("%q, %v; want %q", out, err, want)
	}
}
