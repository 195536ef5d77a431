package spool

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/seed-067c1534/sigio/internal/sys"
)

// host runs the embedded server. One that could not write is of no more use, even when there is
// space again: it is replaced.
//
//	running ── a write failed ──> broken ── space enough, connect ──> running
type host struct {
	options Options
	lock    *os.File
	ballast ballast

	restarts atomic.Uint64

	mu      sync.Mutex
	running *server.Server

	state  sync.Mutex // apart, because the server logs while it starts
	broken error      // what the server said
	onFail func(error)
}

// Space that is left free. Below reserve nothing is stored, so that the store itself never fails in
// the middle of a write; a store that has failed is opened again when there is more than that.
const reserve = 4 << 20

func openHost(o Options) (*host, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := sys.LockFile(filepath.Join(o.Dir, "lock"))
	if errors.Is(err, syscall.EAGAIN) {
		return nil, errors.New("another process uses it: name another folder, or end that process")
	}
	if err != nil {
		return nil, err
	}
	h := &host{options: o, lock: lock, ballast: ballast{filepath.Join(o.Dir, "ballast")}}
	h.ballast.take()
	if err := h.start(); err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

const advice = "if that does not pass, move the folder away and start again with an empty one"

// start starts a server. mu is held, or nobody knows h yet.
func (h *host) start() error {
	o := h.options
	s, err := server.NewServer(&server.Options{
		ServerName: "sigio", DontListen: true, NoSigs: true,
		JetStream: true, StoreDir: o.Dir, JetStreamMaxMemory: 1 << 20, JetStreamMaxStore: 1 << 50,
		SyncAlways: o.SyncAlways, SyncInterval: o.SyncInterval,
		MaxPayload: int32(min(max(1<<20, 8*o.MaxMessage), 64<<20)), MaxPending: 64 << 20,
	})
	if err != nil {
		return err
	}
	h.state.Lock()
	h.broken = nil
	h.state.Unlock()
	s.SetLoggerV2((*hostLog)(h), false, false, false)
	s.Start()
	for begun := time.Now(); h.failure() == nil && !s.ReadyForConnections(100*time.Millisecond) && time.Since(begun) < time.Minute; {
	}
	if h.failure() != nil || !s.ReadyForConnections(time.Second) || !s.JetStreamEnabled() {
		s.Shutdown()
		s.WaitForShutdown()
		return fmt.Errorf("the store does not start: %w; %s", cmp.Or(h.failure(), errors.New("see the warnings")), advice)
	}
	h.running = s
	return nil
}

// dial connects to the server, and replaces it first if it is broken.
func (h *host) dial() (*nats.Conn, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.running == nil || h.failure() != nil {
		if err := h.space(); err != nil {
			return nil, err
		}
		if h.running != nil {
			h.running.Shutdown()
			h.running.WaitForShutdown()
			h.running = nil
		}
		if err := h.start(); err != nil {
			return nil, err
		}
		h.restarts.Add(1)
	}
	return nats.Connect("", nats.InProcessServer(h.running), nats.NoReconnect(), nats.Name("sigio"),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
}

// space returns an error that wraps syscall.ENOSPC unless there is some.
func (h *host) space() error {
	free, err := sys.FreeSpace(h.options.Dir)
	if err == nil && free < reserve {
		err = fmt.Errorf("%s: %w", h.options.Dir, syscall.ENOSPC)
	}
	return err
}

func (h *host) failure() error {
	h.state.Lock()
	defer h.state.Unlock()
	return h.broken
}

func (h *host) fail(err error) {
	h.state.Lock()
	first := h.broken == nil
	h.broken = err
	call := h.onFail
	h.state.Unlock()
	if first && call != nil {
		call(err)
	}
}

func (h *host) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.running != nil {
		h.running.Shutdown()
		h.running.WaitForShutdown()
		h.running = nil
	}
	h.lock.Close()
}

// hostLog is where the server tells of damage and of failures.
type hostLog host

// Warnf implements server.Logger.
func (l *hostLog) Warnf(format string, v ...any) { l.tell(fmt.Sprintf(format, v...)) }

// Errorf implements server.Logger.
func (l *hostLog) Errorf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	for _, sign := range []string{"failed to store", "DISABLED", "disabling JetStream", "no space left", "out of"} {
		if strings.Contains(text, sign) {
			(*host)(l).fail(errors.New(text))
			return // the Writer's error says it
		}
	}
	l.tell(text)
}

// Fatalf implements server.Logger.
func (l *hostLog) Fatalf(format string, v ...any) { (*host)(l).fail(fmt.Errorf(format, v...)) }

// Noticef, Debugf and Tracef implement server.Logger.
func (l *hostLog) Noticef(string, ...any) {}
func (l *hostLog) Debugf(string, ...any)  {}
func (l *hostLog) Tracef(string, ...any)  {}

func (l *hostLog) tell(text string) {
	// What a server on a network should know, and not one without a port.
	for _, sign := range []string{"Trace logging", "Maximum pending", "using more"} {
		if strings.Contains(text, sign) {
			return
		}
	}
	l.options.Warn(fmt.Sprintf("spool %s: %s", l.options.Dir, strings.TrimSpace(text)))
}
