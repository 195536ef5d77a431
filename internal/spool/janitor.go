package spool

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// cleanEvery is how often what all outputs have is removed.
const cleanEvery = time.Second

// clean removes from the stream what every output has written, and looks at its state.
func (s *Spool) clean() {
	var conn *nats.Conn
	defer func() {
		if conn != nil {
			conn.Close()
		}
	}()
	ticker := time.NewTicker(cleanEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-s.janitor:
		case <-s.acking.Done():
			return
		}
		if conn == nil || conn.IsClosed() {
			var err error
			if conn, err = s.dial(); err != nil {
				conn = nil
				continue
			}
		}
		if js, err := jetstream.New(conn); err == nil {
			s.cleanOnce(js)
		}
	}
}

func (s *Spool) cleanOnce(js jetstream.JetStream) {
	floor := s.mark()
	ctx, cancel := context.WithTimeout(s.acking, s.options.Remote.Timeout)
	defer cancel()
	str, err := js.Stream(ctx, stream)
	if err != nil {
		return
	}
	// The last record stays: it has the number with which the series goes on.
	if last := s.sink.last.Load(); last > 0 {
		floor = min(floor, last-1)
	}
	if now := time.Now(); s.seen.used(now) {
		floor = min(floor, s.tail.floor(now))
	}
	purge := []jetstream.StreamPurgeOpt{jetstream.WithPurgeSequence(floor + 1)}
	if s.host == nil {
		purge = append(purge, jetstream.WithPurgeSubject(s.subject))
	}
	if floor > s.purged && (s.host == nil || s.host.makeRoom() == nil) && str.Purge(ctx, purge...) == nil {
		s.purged = floor
	}
	if s.host != nil {
		s.host.ballast.take()
	}
	if info, err := str.Info(ctx); err == nil {
		s.mu.Lock()
		s.state = info.State
		s.mu.Unlock()
	}
}

// wakeJanitor makes clean work now.
func (s *Spool) wakeJanitor() {
	select {
	case s.janitor <- struct{}{}:
	default:
	}
}

// Stats is the state of a Spool.
type Stats struct {
	Records    uint64    // in the store, of all receivers that share it, up to a second ago
	Bytes      uint64    // of these
	MaxBytes   int64     // the bound
	Oldest     time.Time // when the oldest was stored; zero if there is none
	Restarts   uint64    // of the embedded server, after it could not write
	Duplicates uint64    // messages that came again and were not stored again
	Outputs    []OutputStats
}

// OutputStats says how far an output is.
type OutputStats struct {
	Name    string
	Behind  uint64 // records that it has not written yet
	Dropped uint64 // messages that its queue has dropped, as its policy says
	Missing uint64 // messages that the store had no more when they were to be written
}

// Stats returns the present state; what waits to be stored is in Front's. It never waits.
func (s *Spool) Stats() Stats {
	s.mu.Lock()
	st := Stats{Records: s.state.Msgs, Bytes: s.state.Bytes, MaxBytes: s.options.MaxBytes, Duplicates: s.seen.duplicates.Load()}
	if st.Records > 0 {
		st.Oldest = s.state.FirstTime
	}
	s.mu.Unlock()
	if s.host != nil {
		st.Restarts = s.host.restarts.Load()
	}
	last := s.sink.last.Load()
	for _, p := range s.feeding() {
		o := OutputStats{Name: p.name, Dropped: p.lost.Load(), Missing: p.missing.Load()}
		if floor := p.floor(); last > floor {
			o.Behind = last - floor
		}
		st.Outputs = append(st.Outputs, o)
	}
	return st
}
