package netconn_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/rpc"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/netconn"
)

const large = 17 << 20

// largeBody is something that shows when a part of it is missing or elsewhere.
func largeBody() []byte {
	b := make([]byte, large)
	rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// webServer serves HTTP on netconn: /echo sends the body back, /sum its SHA-256, and
// /file a file.
func webServer(t testing.TB, c *netconn.Config, l net.Listener, withTLS *tls.Config) (client *http.Client, base string) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "hello over %s", r.Proto) })
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex()
		io.Copy(w, r.Body)
	})
	mux.HandleFunc("/sum", func(w http.ResponseWriter, r *http.Request) {
		h := sha256.New()
		io.Copy(h, r.Body)
		fmt.Fprintf(w, "%x", h.Sum(nil))
	})
	path := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(path, largeBody(), 0o600); err != nil {
		t.Fatal(err)
	}
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, path) })

	server := &http.Server{Handler: mux, TLSConfig: withTLS}
	served := make(chan error, 1)
	go func() {
		if withTLS != nil {
			served <- server.ServeTLS(l, "", "")
		} else {
			served <- server.Serve(l)
		}
	}()
	transport := &http.Transport{DialContext: c.DialContext, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 1000}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != http.ErrServerClosed {
			t.Error(err)
		}
	})
	scheme := "http://"
	if withTLS != nil {
		scheme = "https://"
	}
	return &http.Client{Transport: transport}, scheme + l.Addr().String()
}

func get(client *http.Client, method, url string, body io.Reader) ([]byte, error) {
	request, err := http.NewRequest(method, url, body)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, b)
	}
	return b, err
}

func TestHTTP(t *testing.T) {
	t.Parallel()
	c := newConfig(t)
	client, base := webServer(t, c, listen(t, c, "tcp", "127.0.0.1:0"), nil)
	want := largeBody()

	t.Run("one connection for all", func(t *testing.T) {
		var fresh atomic.Int32
		ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
			GotConn: func(info httptrace.GotConnInfo) {
				if !info.Reused {
					fresh.Add(1)
				}
			},
		})
		for range 100 {
			request, err := http.NewRequestWithContext(ctx, "GET", base, nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, response.Body)
			response.Body.Close()
		}
		if fresh.Load() != 1 {
			t.Errorf("100 requests took %d connections", fresh.Load())
		}
	})
	t.Run("large bodies", func(t *testing.T) {
		for _, r := range []struct{ method, path string }{{"POST", "/echo"}, {"GET", "/file"}} {
			got, err := get(client, r.method, base+r.path, bytes.NewReader(want))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %d bytes of %d, %v", r.path, len(got), len(want), err)
			}
		}
		got, err := get(client, "PUT", base+"/sum", bytes.NewReader(want))
		if err != nil || string(got) != fmt.Sprintf("%x", sha256.Sum256(want)) {
			t.Errorf("sent: %s, %v", got, err)
		}
	})
	t.Run("1000 at once", func(t *testing.T) {
		var group sync.WaitGroup
		for i := range 1000 {
			group.Go(func() {
				text := strings.Repeat(fmt.Sprint(i, " "), 1000)
				got, err := get(client, "POST", base+"/echo", strings.NewReader(text))
				if err != nil || string(got) != text {
					t.Errorf("request %d: %d bytes of %d, %v", i, len(got), len(text), err)
				}
			})
		}
		group.Wait()
	})
}

func TestHTTP2(t *testing.T) {
	t.Parallel()
	c := newConfig(t)
	cert, pool := certificate(t)
	client, base := webServer(t, c, listen(t, c, "tcp", "127.0.0.1:0"),
		&tls.Config{Certificates: []tls.Certificate{cert}})
	client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: pool}
	if got, err := get(client, "GET", base, nil); string(got) != "hello over HTTP/2.0" || err != nil {
		t.Fatalf("%q, %v", got, err)
	}
	want := largeBody()
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			got, err := get(client, "POST", base+"/echo", bytes.NewReader(want))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes of %d, %v", len(got), len(want), err)
			}
		})
	}
	group.Wait()
}

func TestHTTPOverUnix(t *testing.T) {
	t.Parallel()
	c := newConfig(t)
	l := listen(t, c, "unix", anyAddress(t, "unix"))
	client, _ := webServer(t, c, l, nil)
	client.Transport.(*http.Transport).DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return c.DialContext(ctx, "unix", l.Addr().String())
	}
	want := largeBody()
	if got, err := get(client, "POST", "http://here/echo", bytes.NewReader(want)); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes of %d, %v", len(got), len(want), err)
	}
}

// The same with no signals at all, and on the back end of other systems.
func TestHTTPWithoutSignals(t *testing.T) {
	if sigtest.Alone(t, sigtest.SignalLimit(0)) {
		t.Run("all", TestHTTP)
	}
}

func TestHTTPOfPortable(t *testing.T) {
	if sigtest.Alone(t, portableVar+"=1") {
		t.Run("all", TestHTTP)
	}
}

func TestCurl(t *testing.T) {
	t.Parallel()
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed")
	}
	c := newConfig(t)
	_, base := webServer(t, c, listen(t, c, "tcp", "127.0.0.1:0"), nil)
	in, out := filepath.Join(t.TempDir(), "in"), filepath.Join(t.TempDir(), "out")
	if err := os.WriteFile(in, largeBody(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"--data-binary", "@" + in, base + "/echo"},
		{base + "/file"},
		{"--http1.0", base + "/file"},
	} {
		args = append([]string{"--silent", "--show-error", "--fail", "--max-time", "20", "--noproxy", "*", "-o", out}, args...)
		if said, err := exec.Command(curl, args...).CombinedOutput(); err != nil {
			t.Fatalf("curl %q: %v\n%s", args, err, said)
		}
		if got, err := os.ReadFile(out); err != nil || !bytes.Equal(got, largeBody()) {
			t.Errorf("curl %q: %d bytes, %v", args, len(got), err)
		}
	}
}

func TestWrk(t *testing.T) {
	t.Parallel()
	wrk, err := exec.LookPath("wrk")
	if err != nil {
		t.Skip("wrk is not installed")
	}
	if testing.Short() {
		t.Skip("takes seconds: not with -short")
	}
	c := newConfig(t)
	_, base := webServer(t, c, listen(t, c, "tcp", "127.0.0.1:0"), nil)
	said, err := exec.Command(wrk, "-t1", "-c200", "-d2s", base).CombinedOutput()
	if err != nil || !regexp.MustCompile(`[1-9][0-9]* requests in`).Match(said) ||
		bytes.Contains(said, []byte("Socket errors")) || bytes.Contains(said, []byte("Non-2xx")) {
		t.Errorf("%v\n%s", err, said)
	}
}

// Arithmetic is a service for net/rpc.
type Arithmetic struct{}

// Add is its method.
func (Arithmetic) Add(args [2]int, sum *int) error { *sum = args[0] + args[1]; return nil }

func TestRPC(t *testing.T) {
	t.Parallel()
	c := newConfig(t)
	server := rpc.NewServer()
	if err := server.Register(Arithmetic{}); err != nil {
		t.Fatal(err)
	}
	a, b := pair(t, c, "tcp")
	go server.ServeConn(b)
	client := rpc.NewClient(a)
	defer client.Close()
	var group sync.WaitGroup
	for i := range 200 {
		group.Go(func() {
			var sum int
			if err := client.Call("Arithmetic.Add", [2]int{i, 1}, &sum); err != nil || sum != i+1 {
				t.Errorf("%d + 1 = %d, %v", i, sum, err)
			}
		})
	}
	group.Wait()
}
