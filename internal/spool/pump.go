package spool

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/output"
)

// Output takes messages. *output.Writer is one.
type Output interface {
	Append(m *message.Message, r output.Receipt) bool
	Room(f func())
}

// pump brings stored records to one output, in order, and acknowledges those that it has written.
// It knows which are on their way, so that none comes twice when the connection or the server has
// to be replaced.
type pump struct {
	s       *Spool
	name    string // of the output
	durable string // of its consumer
	out     Output

	mu     sync.Mutex
	flight map[uint64]*parcel
	seen   uint64 // the highest sequence number that was handed over
	acks   []string
	wake   chan struct{}
	gone   bool   // the output takes nothing any more
	next   header // what is wanted behind what was handed over

	lost    atomic.Uint64 // messages that the output's queue has dropped
	missing atomic.Uint64 // messages that the stream had no more
}

func newPump(s *Spool, name string, out Output) *pump {
	p := &pump{s: s, name: name, durable: durable(s.options.Name, name), out: out,
		flight: map[uint64]*parcel{}, wake: make(chan struct{}, 1)}
	if at, known := s.begin[p.durable]; known {
		p.next, p.seen = at.header, at.seq
		p.miss(at.missing)
	}
	return p
}

// run works until ctx ends, which ends the reading, and then until end ends, which ends the
// acknowledging.
func (p *pump) run(ctx, end context.Context) {
	told := ""
	for delay := 10 * time.Millisecond; ; delay = min(2*delay, time.Second) {
		begun := time.Now()
		err := p.session(ctx, end)
		if end.Err() != nil || p.isGone() {
			return
		}
		// What passes is no news.
		if err != nil && ctx.Err() == nil && (errors.Is(err, errVersion) || delay == time.Second) && err.Error() != told {
			told = err.Error()
			p.s.options.Warn(fmt.Sprintf("spool: %s gets nothing now: %v", p.name, err))
		}
		if time.Since(begun) > time.Second {
			delay = 10 * time.Millisecond
		}
		select {
		case <-time.After(delay):
		case <-end.Done():
			return
		}
	}
}

// session works over one connection.
func (p *pump) session(ctx, end context.Context) error {
	conn, err := p.s.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	closed := make(chan struct{})
	conn.SetClosedHandler(func(*nats.Conn) { close(closed) })
	var acking sync.WaitGroup
	acking.Go(func() { p.acknowledge(conn, closed, end) })
	err = p.read(ctx, conn)
	if err != nil && ctx.Err() == nil {
		conn.Close()
	}
	acking.Wait()
	return err
}

// heartbeat is how often a consumer says that it is there. Without two of them it is looked for anew:
// it may have been on a server that is gone, while the one that we are connected to is well.
const heartbeat = time.Second

// read hands over records until ctx ends or something fails.
func (p *pump) read(ctx context.Context, conn *nats.Conn) error {
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	start, cancel := context.WithTimeout(ctx, p.s.options.Remote.Timeout)
	defer cancel()
	consumer, err := p.s.consume(start, js, p.name)
	if err != nil {
		return err
	}
	// What was under way in an earlier life comes again first, in its order.
	reset, err := js.ResetConsumer(start, stream, p.durable)
	if err != nil {
		return fmt.Errorf("reset consumer (the server must be 2.14 or newer): %w", err)
	}
	p.mu.Lock()
	behind := p.seen < reset.AckFloor.Stream
	p.mu.Unlock()
	if behind {
		p.skip(start, js, reset.AckFloor.Stream)
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(16), jetstream.PullExpiry(4*heartbeat), jetstream.PullHeartbeat(heartbeat))
	if err != nil {
		return err
	}
	defer messages.Stop()
	for {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return err
		}
		meta, err := m.Metadata()
		if err != nil {
			return err
		}
		if err := p.hand(ctx, meta.Sequence.Stream, m.Reply(), m.Data()); err != nil {
			return err
		}
	}
}

// skip goes on behind the record up to which the server has acknowledgements, as after a kill: the marks
// are older. Those in between were written, so they are not missing.
func (p *pump) skip(ctx context.Context, js jetstream.JetStream, floor uint64) {
	var last header
	if str, err := js.Stream(ctx, stream); err == nil {
		if m, err := str.GetMsg(ctx, floor); err == nil {
			last, _, _ = parseHeader(m.Data)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = floor
	if last.epoch == p.next.epoch && last.end().first > p.next.first {
		p.next = last.end()
	}
}

// hand hands over a record, and waits for room.
func (p *pump) hand(ctx context.Context, seq uint64, reply string, data []byte) error {
	p.mu.Lock()
	if seq <= p.seen {
		if c := p.flight[seq]; c != nil {
			c.reply = reply
		} else {
			p.ack(reply)
		}
		p.mu.Unlock()
		return nil
	}
	p.mu.Unlock()
	h, rest, err := parseHeader(data)
	if err == nil {
		err = check(rest, h.count)
	}
	if err != nil {
		if errors.Is(err, errVersion) {
			return err
		}
		// Its checksum was right, so this is nothing that will get better.
		p.s.options.Warn(fmt.Sprintf("spool: record %d is damaged and left out for %s", seq, p.name))
		p.mu.Lock()
		p.seen = seq
		p.ack(reply)
		p.mu.Unlock()
		return nil
	}
	c := &parcel{p: p, seq: seq, head: h, reply: reply}
	c.left.Store(int64(h.count))
	p.miss(p.next.gap(h))
	p.mu.Lock()
	p.seen, p.next = seq, h.end()
	p.flight[seq] = c
	p.mu.Unlock()
	var m message.Message
	for left := h.count; left > 0; left-- {
		if rest, err = next(rest, &m); err != nil {
			p.missing.Add(uint64(left))
			p.s.options.Warn(fmt.Sprintf("spool: in record %d %d messages are damaged, and left out for %s", seq, left, p.name))
			c.settle(left)
			return nil
		}
		for !p.out.Append(&m, c) {
			room := make(chan struct{})
			p.out.Room(func() { close(room) })
			select {
			case <-room:
			case <-ctx.Done():
				c.Lost(left, output.CauseShutdown)
				return ctx.Err()
			}
		}
	}
	if p.isGone() {
		return errors.New("the output is closed")
	}
	return nil
}

// check says whether data has so many messages, by their lengths.
func check(data []byte, count int) error {
	for ; count > 0; count-- {
		n, err := size(data)
		if err != nil {
			return err
		}
		data = data[n:]
	}
	if len(data) > 0 {
		return output.ErrRecord
	}
	return nil
}

// miss counts what is not there any more: too old, or damaged.
func (p *pump) miss(n uint64) {
	if n > 0 {
		p.missing.Add(n)
		p.s.options.Warn(fmt.Sprintf("spool: %d messages for %s are not there any more: they were too old, or the store was damaged", n, p.name))
	}
}

// settled is called when the outcome of all messages of a record is known.
func (p *pump) settled(c *parcel) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.keep.Load() {
		p.gone = true // and c stays in flight, which keeps it from being purged
		return
	}
	delete(p.flight, c.seq)
	p.ack(c.reply)
}

// ack makes acknowledge send an acknowledgement. mu is held.
func (p *pump) ack(reply string) {
	p.acks = append(p.acks, reply)
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *pump) isGone() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gone
}

// acknowledge sends acknowledgements, since that may wait and a Receipt must not.
func (p *pump) acknowledge(conn *nats.Conn, closed <-chan struct{}, end context.Context) {
	for {
		p.mu.Lock()
		acks := p.acks
		p.acks = nil
		p.mu.Unlock()
		for _, reply := range acks {
			conn.Publish(reply, []byte("+ACK")) // one that gets lost is asked for again
		}
		select {
		case <-p.wake:
			continue
		case <-closed:
			return
		case <-end.Done():
		}
		p.mu.Lock()
		done := len(p.acks) == 0
		p.mu.Unlock()
		if done {
			conn.FlushTimeout(time.Second)
			return
		}
	}
}

// place returns how far the output is.
func (p *pump) place() place {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := place{p.next, p.seen}
	for seq, c := range p.flight {
		if seq <= at.seq {
			at = place{c.head, seq - 1}
		}
	}
	return at
}

func (p *pump) floor() uint64 { return p.place().seq }
