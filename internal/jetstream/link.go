package jetstream

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// Link publishes many messages over one connection before it waits for their acknowledgements, and
// tells how many of them, from the first on, were stored. The client's own asynchronous publishing
// does not fit: it publishes again by itself what failed, behind what did not.
type Link struct {
	conn    *nats.Conn
	sub     *nats.Subscription
	inbox   string
	timeout time.Duration

	mu         sync.Mutex
	changed    *sync.Cond
	first      uint64 // serial of the first message of this round
	next       uint64 // serial of the next
	done       []bool // those of this round that are stored
	acked      int    // of them, without a gap
	duplicates int
	last       uint64 // the highest sequence number that was acknowledged
	err        error  // the connection is of no more use
}

// inFlight bounds what is published and not acknowledged, because a server has bounds too.
const inFlight = 1024

// NewLink returns a Link over a connection, which must not mend itself, and is the Link's from then
// on. No progress for timeout makes it fail. Its methods but Fail are for one goroutine.
func NewLink(conn *nats.Conn, timeout time.Duration) (*Link, error) {
	l := &Link{conn: conn, inbox: conn.NewInbox() + ".", timeout: timeout}
	l.changed = sync.NewCond(&l.mu)
	var err error
	if l.sub, err = conn.Subscribe(l.inbox+"*", l.acknowledge); err != nil {
		return nil, err
	}
	l.sub.SetPendingLimits(-1, -1)
	conn.SetErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		if errors.Is(err, nats.ErrPermissionViolation) { // there will be no acknowledgement
			l.Fail(err)
		}
	})
	conn.SetClosedHandler(func(c *nats.Conn) {
		err := c.LastError()
		if err == nil {
			err = nats.ErrConnectionClosed
		}
		l.Fail(err)
	})
	if conn.IsClosed() {
		return nil, nats.ErrConnectionClosed
	}
	return l, nil
}

// Begin begins a round.
func (l *Link) Begin() {
	l.mu.Lock()
	l.first, l.done, l.acked, l.duplicates = l.next, l.done[:0], 0, 0
	l.mu.Unlock()
}

// Broken says whether the link has failed.
func (l *Link) Broken() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err != nil
}

// Skip counts a message that will not be published as done.
func (l *Link) Skip() {
	l.mu.Lock()
	l.done = append(l.done, true)
	l.next++
	l.advance()
	l.mu.Unlock()
}

// Publish publishes a message. While too many are not acknowledged it waits.
func (l *Link) Publish(subject, id string, data []byte) error {
	l.mu.Lock()
	serial := l.next
	l.done = append(l.done, false)
	l.next++
	full := len(l.done)-l.acked > inFlight
	l.mu.Unlock()
	m := nats.NewMsg(subject)
	m.Header.Set(nats.MsgIdHdr, id)
	m.Reply = l.inbox + strconv.FormatUint(serial, 10)
	m.Data = data
	if err := l.conn.PublishMsg(m); err != nil {
		l.Fail(err)
		return err
	}
	if full {
		l.wait(inFlight / 2)
	}
	return nil
}

// Await waits until all of this round are stored, or the link fails, and returns how many are.
func (l *Link) Await() (acked, duplicates int, err error) {
	l.wait(0)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.acked, l.duplicates, l.err
}

// Last returns the highest sequence number in the stream that was acknowledged.
func (l *Link) Last() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// wait waits until at most n are not acknowledged. If there is no progress for too long, the link
// fails.
func (l *Link) wait(n int) {
	timer := time.AfterFunc(l.timeout, func() {
		l.Fail(fmt.Errorf("no acknowledgement in %v: %w", l.timeout, nats.ErrTimeout))
	})
	defer timer.Stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	for before := l.acked; len(l.done)-l.acked > n && l.err == nil; {
		l.changed.Wait()
		if l.acked != before {
			before = l.acked
			timer.Reset(l.timeout)
		}
	}
}

// acknowledge is called by the connection's goroutine for what comes to the inbox.
func (l *Link) acknowledge(m *nats.Msg) {
	serial, err := strconv.ParseUint(m.Subject[strings.LastIndexByte(m.Subject, '.')+1:], 10, 64)
	if err != nil {
		return
	}
	if m.Header.Get("Status") == "503" {
		l.Fail(fmt.Errorf("nobody stores it now: %w", nats.ErrNoResponders))
		return
	}
	var ack struct {
		Sequence  uint64 `json:"seq"`
		Duplicate bool   `json:"duplicate"`
		Error     *struct {
			Description string `json:"description"`
		} `json:"error"`
	}
	switch err := json.Unmarshal(m.Data, &ack); {
	case err != nil:
		l.Fail(fmt.Errorf("an acknowledgement that is none: %w", err))
		return
	case ack.Error != nil:
		l.Fail(errors.New(ack.Error.Description))
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil || serial < l.first || serial-l.first >= uint64(len(l.done)) {
		return
	}
	l.done[serial-l.first] = true
	l.last = max(l.last, ack.Sequence)
	if ack.Duplicate {
		l.duplicates++
	}
	l.advance()
}

// advance counts what is stored without a gap. mu is held.
func (l *Link) advance() {
	for l.acked < len(l.done) && l.done[l.acked] {
		l.acked++
	}
	l.changed.Broadcast()
}

// Fail makes the link fail. It may be called on any goroutine.
func (l *Link) Fail(err error) {
	l.mu.Lock()
	if l.err == nil {
		l.err = err
	}
	l.changed.Broadcast()
	l.mu.Unlock()
}

// Close closes the connection.
func (l *Link) Close() { l.conn.Close() }

// MaxPayload is what a message may have, in bytes, with its headers.
func (l *Link) MaxPayload() int64 { return l.conn.MaxPayload() }
