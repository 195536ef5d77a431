package spool

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	sigiojs "github.com/seed-067c1534/sigio/internal/jetstream"
)

// sink stores what the Writer in front of the stream gives it. Its Write returns when the store has
// acknowledged it.
type sink struct {
	s *Spool

	mu     sync.Mutex
	link   atomic.Pointer[sigiojs.Link]
	run    string // for the ids: a number may come again after a start, for another message
	next   header // its first is the number of the next message
	redo   part   // stored by the last Write, perhaps, and not acknowledged
	data   []byte
	closed bool
	last   atomic.Uint64 // sequence number of the last record that is stored
}

// part is what is stored as one record.
type part struct{ size, count int }

// resume continues the series of the last record that is stored, or, if all were too old, where it
// was.
func (k *sink) resume(ctx context.Context, str jetstream.Stream, was header) error {
	k.run = rand.Text()
	m, err := str.GetLastMsgForSubject(ctx, k.s.subject)
	if err == nil {
		var h header
		k.last.Store(m.Sequence)
		if h, _, err = parseHeader(m.Data); err == nil {
			k.next = h.end()
			return nil
		}
		if errors.Is(err, errVersion) {
			return err
		}
		k.s.options.Warn("spool: the last record is damaged: " + err.Error())
	} else if !errors.Is(err, jetstream.ErrMsgNotFound) {
		return err
	} else if last := str.CachedInfo().State.LastSeq; was.first > 0 && last > 0 {
		k.last.Store(last)
		k.next = was
		return nil
	}
	var b [8]byte
	rand.Read(b[:])
	k.next = header{epoch: binary.LittleEndian.Uint64(b[:])}
	return nil
}

// Write implements io.Writer.
func (k *sink) Write(p []byte) (n int, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return 0, os.ErrClosed
	}
	link, err := k.connect()
	if err != nil {
		return 0, err
	}
	for n < len(p) {
		c, err := k.cut(p[n:])
		if err != nil {
			return n, err
		}
		if err := k.store(link, c, p[n:n+c.size]); err != nil {
			link.Close()
			k.link.Store(nil)
			return n, k.explain(err)
		}
		n += c.size
	}
	return n, nil
}

// store stores one record, and waits until it is stored. The next one published meanwhile could be
// stored although this one is refused, for which there is no room, and so come first.
func (k *sink) store(link *sigiojs.Link, c part, messages []byte) error {
	h := header{k.next.epoch, k.next.first, c.count}
	k.data = append(h.append(k.data[:0]), messages...)
	k.redo = c
	link.Begin()
	err := link.Publish(k.s.subject, k.run+"-"+strconv.FormatUint(h.first, 10), k.data)
	if err == nil {
		var acked int
		if acked, _, err = link.Await(); acked == 1 {
			err = nil
		}
	}
	if err != nil {
		return err
	}
	k.redo = part{}
	k.next = h.end()
	k.last.Store(max(k.last.Load(), link.Last()))
	k.s.tail.add(k.last.Load(), c.size, time.Now())
	return nil
}

// series says how far the series of stored messages has come.
func (k *sink) series() header {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.next
}

func (k *sink) connect() (*sigiojs.Link, error) {
	if k.s.host != nil {
		if err := k.s.host.space(); err != nil {
			return nil, err
		}
	}
	if l := k.link.Load(); l != nil {
		return l, nil
	}
	conn, err := k.s.dial()
	if err != nil {
		return nil, err
	}
	l, err := sigiojs.NewLink(conn, k.s.options.Remote.Timeout)
	if err != nil {
		conn.Close()
		return nil, err
	}
	k.link.Store(l)
	return l, nil
}

// cut returns how much of b becomes the next record. What the last Write has left is cut in the same
// way again.
func (k *sink) cut(b []byte) (c part, err error) {
	if k.redo.size > 0 {
		return k.redo, nil
	}
	for c.size < len(b) {
		n, err := size(b[c.size:])
		if err != nil {
			return c, err
		}
		if c.count > 0 && c.size+n > recordSize {
			break
		}
		c.size += n
		c.count++
	}
	return c, nil
}

// ErrFull is why nothing is stored when the bound of the spool is reached.
var ErrFull = errors.New("the spool is full")

func (k *sink) explain(err error) error {
	if k.s.host != nil {
		if failure := k.s.host.failure(); failure != nil {
			if space := k.s.host.space(); space != nil {
				return space
			}
			return failure
		}
		if errors.Is(err, nats.ErrTimeout) { // a server in this process that does not answer
			k.s.host.fail(err)
		}
	}
	switch {
	case err == nil:
		return nats.ErrConnectionClosed
	case bytes.Contains([]byte(err.Error()), []byte("maximum bytes exceeded")):
		k.s.wakeJanitor()
		return fmt.Errorf("%w: its outputs have to take some of its %d bytes first", ErrFull, k.s.options.MaxBytes)
	}
	return err
}

// fail ends a Write that waits, since the server cannot store anything.
func (k *sink) fail(err error) {
	if l := k.link.Load(); l != nil {
		l.Fail(err)
	}
}

func (k *sink) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	if l := k.link.Load(); l != nil {
		l.Close()
	}
}
