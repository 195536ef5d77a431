package jetstream

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/maphash"
	"os"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Publisher publishes messages to a stream. Its Write is to be called by an output.Writer with
// AppendRecord as its format, and Persist.
//
// It keeps no connection that has failed: the next Write makes a new one. Since a connection
// delivers a beginning of what was written to it, and what was not acknowledged is published again
// in the same order with the same ids, the stream has all messages, once each and in order.
type Publisher struct {
	options Options
	name    string // of this Publisher, in the ids that it gives
	seed    maphash.Seed
	away    error

	mu     sync.Mutex
	link   *Link
	serial uint64
	redo   []group // published, and not acknowledged: the beginning of what the next Write gets
	data   []byte
	closed bool

	stats publisherStats
}

type publisherStats struct{ published, duplicates, tooLarge, connects atomic.Uint64 }

// Stats counts what an output.Writer cannot see.
type Stats struct {
	Published  uint64 // messages of NATS that the server has acknowledged, each of one or more of ours
	Duplicates uint64 // that the server had already
	TooLarge   uint64 // messages that no server takes, and that are lost for that
	Connects   uint64 // connections that were made
}

// group is what is published as one message.
type group struct {
	size int // of its records in the Writer's bytes
	id   string
	hash uint64 // of these bytes
}

// OpenPublisher makes a Publisher and tries to connect. That the servers cannot be reached is no
// error: Write tries again. Everything else is, such as that they do not let us in.
func OpenPublisher(o Options) (*Publisher, error) {
	p := &Publisher{options: o.complete(), name: rand.Text(), seed: maphash.MakeSeed()}
	if err := p.connect(); err != nil {
		p.away = p.explain(err)
		if !unreachable(err) {
			return nil, p.away
		}
	}
	return p, nil
}

// Away is why the servers could not be reached when the Publisher was made, nil if they could.
func (p *Publisher) Away() error { return p.away }

// unreachable says whether an error is one that passes by itself: also of a cluster that has no
// majority now.
func unreachable(err error) bool {
	var refusal *jetstream.APIError
	if errors.As(err, &refusal) {
		return refusal.ErrorCode == noLeader
	}
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrNoServers) || errors.Is(err, nats.ErrTimeout) ||
		errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, nats.ErrConnectionClosed) || errors.Is(err, nats.ErrNoResponders)
}

// noLeader is what a server says that knows of no leader (server/errors.json, JSClusterNotAvailErr).
const noLeader = 10008

func (p *Publisher) explain(err error) error {
	return fmt.Errorf("sigio: jetstream: %s: %w", p.options.Servers, err)
}

func (p *Publisher) connect() error {
	conn, err := Dial(p.options)
	if err != nil {
		return err
	}
	if err := ensureStream(conn, p.options); err != nil {
		err = Why(conn, err)
		conn.Close()
		return err
	}
	if p.link, err = NewLink(conn, p.options.Timeout); err != nil {
		conn.Close()
		return err
	}
	p.stats.connects.Add(1)
	return nil
}

// Write publishes the records in b, and returns how many of their bytes are stored, up to the first
// that is not. Every error may pass.
func (p *Publisher) Write(b []byte) (n int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return 0, os.ErrClosed
	}
	if p.link == nil {
		if err := p.connect(); err != nil {
			return 0, p.explain(err)
		}
	}
	var groups []group
	p.link.Begin()
	for rest := b; len(rest) > 0 && !p.link.Broken(); {
		g, err := p.next(rest, len(groups))
		if err != nil {
			return 0, err
		}
		groups = append(groups, g)
		rest = rest[g.size:]
		if len(p.data) == 0 { // too large
			p.link.Skip()
			continue
		}
		if err := p.link.Publish(p.options.Subject, g.id, p.data); err != nil {
			break // it may have come through all the same
		}
	}
	acked, duplicates, err := p.link.Await()
	for _, g := range groups[:acked] {
		n += g.size
	}
	// Those that this Write did not come to have been published before it.
	p.redo = append(groups, p.redo[min(len(groups), len(p.redo)):]...)[acked:]
	p.stats.published.Add(uint64(acked))
	p.stats.duplicates.Add(uint64(duplicates))
	if n < len(b) {
		p.link.Close()
		p.link = nil
		if err == nil {
			err = nats.ErrConnectionClosed
		}
		return n, p.explain(err)
	}
	return n, nil
}

// next puts the message to be published next into p.data. It is the i-th of this Write: the same
// groups are made again of what the last Write has left.
func (p *Publisher) next(b []byte, i int) (group, error) {
	p.data = p.data[:0]
	if i < len(p.redo) {
		g := p.redo[i]
		if g.size <= len(b) && maphash.Bytes(p.seed, b[:g.size]) == g.hash {
			return g, p.fill(b[:g.size])
		}
		p.redo = p.redo[:i] // something else was written
	}
	r, err := nextRecord(b)
	if err != nil {
		return group{}, err
	}
	g := group{size: r.size}
	if r.id != nil {
		g.id = messageID(r.id)
	} else {
		for g.size < len(b) {
			r, err = nextRecord(b[g.size:])
			if err != nil {
				return g, err
			}
			if r.id != nil || g.size+r.size > p.options.Group {
				break
			}
			g.size += r.size
		}
		p.serial++
		g.id = p.name + "-" + strconv.FormatUint(p.serial, 10)
	}
	g.hash = maphash.Bytes(p.seed, b[:g.size])
	return g, p.fill(b[:g.size])
}

// fill puts the lines of the records in b into p.data, or nothing if there is one that is too large.
func (p *Publisher) fill(b []byte) error {
	for len(b) > 0 {
		r, err := nextRecord(b)
		if err != nil {
			return err
		}
		p.data = append(p.data, r.line...)
		b = b[r.size:]
	}
	if int64(len(p.data)) > p.link.MaxPayload()-headerSize {
		p.data = p.data[:0]
		p.stats.tooLarge.Add(1)
	}
	return nil
}

// headerSize is more than the headers take of a server's largest message.
const headerSize = 512

// Reopen connects anew, as after a signal SIGHUP: certificates and credentials are read again.
func (p *Publisher) Reopen() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return os.ErrClosed
	}
	if p.link != nil {
		p.link.Close()
		p.link = nil
	}
	return p.connect()
}

// Close ends the connection.
func (p *Publisher) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.link != nil {
		p.link.Close()
		p.link = nil
	}
	return nil
}

// Stats returns the counts so far. It never waits.
func (p *Publisher) Stats() Stats {
	return Stats{
		Published: p.stats.published.Load(), Duplicates: p.stats.duplicates.Load(),
		TooLarge: p.stats.tooLarge.Load(), Connects: p.stats.connects.Load(),
	}
}
