package web

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Config sets up a Server. Only Account is required.
type Config struct {
	// Account returns the state of everything. It is called once in a second, and
	// for each request of /metrics, /healthz and /readyz; from several goroutines,
	// also before the receiver was started.
	Account func() Account
	// Version of the program, for the page and the metrics.
	Version string
	// Hosts are names, beside localhost and the addresses of the machine, that a
	// request's Host may have; "*" stands for any.
	Hosts []string
	// AnyHost does without the check: a browser cannot reach a Unix socket.
	AnyHost bool
	// Profiles serves /debug/pprof.
	Profiles bool
}

// Phase is what the program as a whole is doing.
type Phase int32

// The phases, in their order.
const (
	Starting Phase = iota
	Serving
	Draining
)

func (p Phase) String() string { return [...]string{"starting", "serving", "draining"}[p] }

// Server is the HTTP server. Its methods may be called from any goroutine.
type Server struct {
	config  Config
	phase   atomic.Int32
	kinds   kinds
	latency histogram
	tap     tapState
	hub     hub
	history history
	http    http.Server

	start   sync.Once
	end     chan struct{} // closed by Close
	endOnce sync.Once
	watched sync.WaitGroup
}

// New returns a Server, which does nothing yet.
func New(c Config) *Server {
	s := &Server{config: c, end: make(chan struct{})}
	s.tap.init()
	s.hub.init()
	s.http = http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, 0), // of clients, not of the program
	}
	return s
}

// Start begins to watch, on a goroutine that Close ends. Serve does it too.
func (s *Server) Start() { s.start.Do(func() { s.watched.Go(s.watch) }) }

// SetPhase says what the program is doing. It begins with Starting.
func (s *Server) SetPhase(p Phase) { s.phase.Store(int32(p)) }

// Serve answers on l until Close, and closes l. The error is nil after Close.
func (s *Server) Serve(l net.Listener) error {
	s.Start()
	err := s.http.Serve(l)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Close ends the Server: at once for those who look, and within the time of ctx for
// requests that are being answered.
func (s *Server) Close(ctx context.Context) error {
	s.start.Do(func() {}) // what has not begun to watch by now never will
	s.endOnce.Do(func() { close(s.end) })
	s.watched.Wait()
	s.hub.close()
	err := s.http.Shutdown(ctx)
	if err != nil {
		s.http.Close()
	}
	return err
}
