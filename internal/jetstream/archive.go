package jetstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/seed-067c1534/sigio/message"
)

// Archive finds the messages of a stream.
type Archive struct {
	options Options
	conn    *nats.Conn
	js      jetstream.JetStream
	stream  jetstream.Stream
	next    uint64 // sequence number of what comes behind what was found
}

// OpenArchive connects to a stream, which must be there.
func OpenArchive(ctx context.Context, o Options) (*Archive, error) {
	a := &Archive{options: o.complete()}
	err := a.open(ctx)
	if err != nil {
		a.Close()
		return nil, a.explain(err)
	}
	return a, nil
}

func (a *Archive) open(ctx context.Context) (err error) {
	if a.conn, err = Dial(a.options); err != nil {
		return err
	}
	if a.js, err = jetstream.New(a.conn); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, a.options.Timeout)
	defer cancel()
	a.stream, err = a.js.Stream(ctx, a.options.Stream)
	err = Why(a.conn, err)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("there is no stream %s", a.options.Stream)
	}
	return err
}

func (a *Archive) explain(err error) error {
	return fmt.Errorf("sigio: jetstream: %s: %w", a.options.Servers, err)
}

// Close ends the connection.
func (a *Archive) Close() error {
	if a.conn != nil {
		a.conn.Close()
	}
	return nil
}

// skew is by how much the server's clock may be ahead of a receiver's for Since to find everything.
const skew = time.Minute

// firstWindow is how many stored messages are looked at for the newest that are wanted; eight times
// as many each time that is not enough.
const firstWindow = 256

// Query calls each with the messages that f wants, the oldest first. What it is called with is
// valid until it returns. An error of each ends Query, which returns it.
func (a *Archive) Query(ctx context.Context, f message.Filter, each func(*message.Message) error) error {
	info, err := a.stream.Info(ctx)
	if err != nil {
		return a.explain(err)
	}
	state := info.State
	a.next = state.LastSeq + 1
	if state.Msgs == 0 {
		return nil
	}
	if f.Limit == 0 {
		return a.scan(ctx, f, state.FirstSeq, state.LastSeq, each)
	}
	for window := uint64(firstWindow); ; window *= 8 {
		start := state.FirstSeq
		if state.LastSeq-start >= window {
			start = state.LastSeq - window + 1
		}
		newest := ring{limit: f.Limit}
		if err := a.scan(ctx, f, start, state.LastSeq, newest.add); err != nil {
			return err
		}
		if len(newest.list) >= f.Limit || start == state.FirstSeq {
			return newest.each(each)
		}
	}
}

// Follow waits for messages that f wants and that come after what Query has found, until ctx ends.
func (a *Archive) Follow(ctx context.Context, f message.Filter, each func(*message.Message) error) error {
	return a.scan(ctx, f, a.next, 0, each)
}

// scan reads the stored messages from first to last; without last it waits for more.
func (a *Archive) scan(ctx context.Context, f message.Filter, first, last uint64, each func(*message.Message) error) error {
	config := jetstream.OrderedConsumerConfig{FilterSubjects: []string{a.options.Subject}, InactiveThreshold: time.Minute}
	config.DeliverPolicy, config.OptStartSeq = jetstream.DeliverByStartSequencePolicy, first
	if !f.Since.IsZero() && last > 0 {
		if since := f.Since.Add(-skew); first == 0 || since.After(a.timeOf(ctx, first)) {
			config.DeliverPolicy, config.OptStartSeq, config.OptStartTime = jetstream.DeliverByStartTimePolicy, 0, &since
		}
	}
	consumer, err := a.js.OrderedConsumer(ctx, a.options.Stream, config)
	if err != nil {
		return a.explain(err)
	}
	if last > 0 && consumer.CachedInfo().NumPending == 0 {
		return nil
	}
	messages, err := consumer.Messages()
	if err != nil {
		return a.explain(err)
	}
	defer messages.Stop()
	for {
		stored, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return a.explain(err)
		}
		meta, err := stored.Metadata()
		if err != nil {
			return a.explain(err)
		}
		if last > 0 && meta.Sequence.Stream > last {
			return nil
		}
		if err := unpack(stored.Data(), meta.Timestamp, f, each); err != nil {
			return err
		}
		if last > 0 && (meta.Sequence.Stream == last || meta.NumPending == 0) {
			return nil
		}
	}
}

// timeOf returns when a message was stored, or the zero time if that cannot be told.
func (a *Archive) timeOf(ctx context.Context, seq uint64) time.Time {
	m, err := a.stream.GetMsg(ctx, seq)
	if err != nil {
		return time.Time{}
	}
	return m.Time
}

// unpack calls each with the messages in data that f wants.
func unpack(data []byte, stored time.Time, f message.Filter, each func(*message.Message) error) error {
	for line := range bytes.Lines(data) {
		line = bytes.TrimRight(line, "\r\n")
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var m message.Message
		parseLine(line, &m, stored)
		if f.Wants(&m) {
			if err := each(&m); err != nil {
				return err
			}
		}
	}
	return nil
}

// ring keeps the newest messages.
type ring struct {
	limit int
	list  []message.Message
	first int
}

func (r *ring) add(m *message.Message) error {
	if len(r.list) < r.limit {
		r.list = append(r.list, *m) // its fields alias what is the message's own
		return nil
	}
	r.list[r.first] = *m
	r.first = (r.first + 1) % r.limit
	return nil
}

func (r *ring) each(f func(*message.Message) error) error {
	for i := range r.list {
		if err := f(&r.list[(r.first+i)%len(r.list)]); err != nil {
			return err
		}
	}
	return nil
}
