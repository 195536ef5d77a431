package web

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/siginfo"
)

func get(s *Server, path string, header ...string) *http.Response {
	r := httptest.NewRequest("GET", path, nil)
	r.Host = "localhost:9090"
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestGuard(t *testing.T) {
	t.Parallel()
	s, _ := newServer(t, Config{Hosts: []string{"box.example"}})
	any, _ := newServer(t, Config{Hosts: []string{"*"}})
	unix, _ := newServer(t, Config{AnyHost: true})
	for _, c := range []struct {
		s      *Server
		path   string
		header []string
		want   int
	}{
		{s, "/", nil, 200},
		{s, "/page/app.js", nil, 200},
		{s, "/nothing", nil, 404},
		{s, "/page/../server.go", nil, 404},
		{s, "/debug/pprof/", nil, 404},
		{s, "/metrics", []string{"Host", "127.0.0.1:1"}, 200},
		{s, "/metrics", []string{"Host", "[::1]:1"}, 200},
		{s, "/metrics", []string{"Host", "[::1]"}, 200},
		{s, "/metrics", []string{"Host", "BOX.example:9090"}, 200},
		{s, "/metrics", []string{"Host", "evil.example"}, 403},
		{s, "/metrics", []string{"Host", "localhost.evil.example:9090"}, 403},
		{s, "/metrics", []string{"Host", ""}, 403},
		{any, "/metrics", []string{"Host", "evil.example"}, 200},
		{unix, "/metrics", []string{"Host", "anything"}, 200},
		{s, "/metrics", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{s, "/events", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{s, "/metrics", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{s, "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}, 200},
		{s, "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, 403},
	} {
		path := c.path
		if c.want == 404 && strings.Contains(path, "..") {
			continue // the mux answers with a redirect to the clean path
		}
		r := get(c.s, path, c.header...)
		if r.StatusCode != c.want {
			t.Errorf("%s with %q: %d, want %d", path, c.header, r.StatusCode, c.want)
		}
		h := r.Header
		if !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'self';") || strings.Contains(h.Get("Content-Security-Policy"), "unsafe") ||
			h.Get("Access-Control-Allow-Origin") != "" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, h)
		}
	}
	profiles, _ := newServer(t, Config{Profiles: true})
	if r := get(profiles, "/debug/pprof/"); r.StatusCode != 200 {
		t.Errorf("profiles that were asked for: %d", r.StatusCode)
	}
	w := httptest.NewRecorder()
	post := httptest.NewRequest("POST", "/metrics", nil)
	post.Host = "localhost"
	s.Handler().ServeHTTP(w, post)
	if w.Code != 405 {
		t.Errorf("POST: %d", w.Code)
	}
}

// The page has no script or style in it, and names nothing that is elsewhere.
func TestPageIsItsOwn(t *testing.T) {
	t.Parallel()
	files, err := pageFiles.ReadDir("page")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		content, err := pageFiles.ReadFile("page/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(content), "http://www.w3.org/2000/svg", "")
		if !strings.HasPrefix(f.Name(), "uPlot") && (strings.Contains(text, "//cdn") || strings.Contains(text, "http:") || strings.Contains(text, "https:") || strings.Contains(text, "innerHTML")) {
			t.Errorf("%s names something elsewhere, or makes markup of text", f.Name())
		}
		if f.Name() == "index.html" && (strings.Contains(text, "<style") || strings.Contains(text, " style=") || strings.Contains(text, " onclick") || strings.Contains(text, "<script>")) {
			t.Error("index.html has a script or a style in it")
		}
		if mediaTypes[filepath.Ext(f.Name())] == "" {
			t.Errorf("%s has no media type", f.Name())
		}
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	s, src := newServer(t, Config{})
	want := func(code int, texts ...string) {
		t.Helper()
		r := get(s, "/readyz")
		b := body(t, r)
		if r.StatusCode != code {
			t.Errorf("ready: %d %s, want %d", r.StatusCode, b, code)
		}
		for _, text := range texts {
			if !strings.Contains(b, text) {
				t.Errorf("ready: %q says nothing of %q", b, text)
			}
		}
		if r := get(s, "/healthz"); r.StatusCode != 200 {
			t.Errorf("healthy: %d", r.StatusCode)
		}
	}
	want(200, "ready")
	s.SetPhase(Starting)
	want(503, "starting")
	s.SetPhase(Draining)
	want(503, "draining")
	s.SetPhase(Serving)
	src.set(func(a *Account) {
		a.Outputs = append(a.Outputs, Output{Name: "file:x", Stalled: true, LastError: "no space left on device", Pending: 7})
	})
	want(503, "file:x is stalled", "no space left", "7 messages")
	src.set(func(a *Account) { a.Outputs[1] = Output{Name: "file:x", Failed: true, LastError: "broken pipe"} })
	want(503, "file:x has failed", "broken pipe")
}

func TestKinds(t *testing.T) {
	t.Parallel()
	record := func(signo int, code siginfo.Code, pid int) *siginfo.Record {
		var r siginfo.Record
		binary.NativeEndian.PutUint32(r[0:], uint32(signo))
		binary.NativeEndian.PutUint32(r[8:], uint32(code))
		binary.NativeEndian.PutUint32(r[12:], uint32(pid))
		return &r
	}
	for _, c := range []struct {
		record *siginfo.Record
		want   string
	}{
		{record(40, siginfo.PollIn, 0), "POLL_IN"},
		{record(40, siginfo.PollHup, 0), "POLL_HUP"},
		{record(sigIO, siginfo.Kernel, 0), "overflow"},
		{record(40, siginfo.Queue, os.Getpid()), "wake-up"},
		{record(40, siginfo.Queue, 1), "foreign"},
		{record(40, siginfo.User, os.Getpid()), "foreign"},
	} {
		if got := kindNames[kindOf(c.record)]; got != c.want {
			t.Errorf("%v is %s, want %s", c.record.Info(), got, c.want)
		}
	}
	var told struct{ Kinds []kindText }
	if err := json.Unmarshal(explainJSON(), &told); err != nil {
		t.Fatal(err)
	}
	for _, k := range told.Kinds {
		if k.Name == "" || k.Title == "" || k.Meaning == "" || k.Sigio == "" {
			t.Errorf("not explained: %+v", k)
		}
	}
}

// A browser that takes nothing misses events, and is told how many; nobody waits.
func TestSlowViewer(t *testing.T) {
	t.Parallel()
	var h hub
	h.init()
	slow, quick := h.join(), h.join()
	for range viewerBuffer + 5 {
		h.publish([]byte("x"))
		<-quick.events
	}
	if slow.missed.Load() != 5 || quick.missed.Load() != 0 || h.dropped.Load() != 5 || len(slow.events) != viewerBuffer {
		t.Errorf("the slow one missed %d, the quick one %d", slow.missed.Load(), quick.missed.Load())
	}
	for range maxViewers - 2 {
		if h.join() == nil {
			t.Fatal("refused before the bound")
		}
	}
	if h.join() != nil {
		t.Error("more than the bound")
	}
	h.leave(slow)
	if h.join() == nil {
		t.Error("refused after one has left")
	}
	h.close()
	h.close()
	if h.join() != nil || h.viewers() != 0 {
		t.Error("let in after the end")
	}
}

// Someone who asks for events and reads none is no burden: over a connection without
// any buffer, what the page would be told is dropped and counted.
func TestBlockedBrowser(t *testing.T) {
	t.Parallel()
	s, _ := newServer(t, Config{})
	l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	ours, theirs := net.Pipe()
	l.conns <- theirs
	if _, err := io.WriteString(ours, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReaderSize(ours, 16).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the viewer", func() bool { return s.hub.viewers() == 1 })
	began := time.Now()
	for range 1000 {
		s.hub.publish([]byte("event: x\ndata: y\n\n"))
	}
	if took := time.Since(began); took > fatalTime/2 {
		t.Errorf("a blocked browser held up the server for %v", took)
	}
	if n := s.hub.dropped.Load(); n < 900 {
		t.Errorf("%d of 1000 were dropped", n)
	}
	ours.Close()
	waitFor(t, "the viewer's end", func() bool { return s.hub.viewers() == 0 })
	if err := s.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
func (l *pipeListener) Close() error   { close(l.closed); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{} }

func TestAddress(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{
		"127.0.0.1:0": true, "localhost:9090": true, "[::1]:9090": true, "127.1.2.3:1": true, "unix:/x/y": true, "unix:///x/y": true,
		":9090": false, "0.0.0.0:9090": false, "192.0.2.1:9090": false, "box.example:9090": false, "9090": false, "unix:": false, "[::]:1": false, "localhost:": false, "": false,
	} {
		if _, err := ParseAddress(text, nil); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := ParseAddress(":9090", []string{"box.example"}); err != nil {
		t.Error(err)
	}
}

func TestUnixSocket(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "web.sock")
	a, err := ParseAddress("unix:"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	l, err := a.Listen()
	if err != nil {
		t.Skipf("this kernel has no Unix sockets: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("%v, %v, want mode 660", info.Mode(), err)
	}
	if _, err := a.Listen(); err == nil {
		t.Error("took the socket of one that listens")
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close() // as after kill -9
	if l, err = a.Listen(); err != nil {
		t.Fatalf("the socket of one that is gone: %v", err)
	}
	l.Close()
	if err := os.WriteFile(path, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Listen(); err == nil {
		t.Error("took the place of a file")
	}
}
