package spool

import (
	"context"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/seed-067c1534/sigio/message"
)

// tail is what stays in the store although every output has written it: the newest records, for their
// ids. A receiver that starts again reads them, so that it knows a message which was stored, but not
// acknowledged, when it comes again.
type tail struct {
	window time.Duration
	limit  int

	mu    sync.Mutex
	spans []span
	size  int
	free  uint64 // up to here nothing has to stay
}

// span is records that follow one another, up to a sequence number.
type span struct {
	last uint64
	size int
	at   time.Time
}

const (
	// tailSize bounds what stays, and what is read at the start. The stored bytes are bounded too: an
	// eighth of that is the most.
	tailSize = 16 << 20
	// spanSize and spanTime say how exactly that is.
	spanSize = 256 << 10
	spanTime = time.Second
)

func newTail(o Options) *tail {
	return &tail{window: o.Dedupe, limit: int(min(tailSize, o.MaxBytes/8))}
}

// add says that so many bytes were stored, up to a sequence number.
func (t *tail) add(last uint64, size int, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.size += size
	if n := len(t.spans) - 1; n >= 0 && t.spans[n].size+size <= spanSize && now.Sub(t.spans[n].at) < spanTime {
		t.spans[n].last, t.spans[n].size = last, t.spans[n].size+size
	} else {
		t.spans = append(t.spans, span{last, size, now})
	}
	t.trim(now)
}

// trim forgets what is too much or too old. mu is held.
func (t *tail) trim(now time.Time) {
	for len(t.spans) > 0 && (t.size > t.limit || now.Sub(t.spans[0].at) > t.window) {
		t.free = t.spans[0].last
		t.size -= t.spans[0].size
		t.spans = t.spans[1:]
	}
}

// floor returns up to where records may be removed.
func (t *tail) floor(now time.Time) uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.trim(now)
	return t.free
}

// remember reads the newest records, up to the last one, for their ids.
func (s *Spool) remember(ctx context.Context, js jetstream.JetStream, state jetstream.StreamState) error {
	last := s.sink.last.Load()
	if s.options.Dedupe <= 0 || state.Msgs == 0 || last < state.FirstSeq {
		return nil
	}
	// How many records that are cannot be told exactly.
	first, count := state.FirstSeq, uint64(s.tail.limit)*state.Msgs/max(state.Bytes, 1)
	if last-first > count {
		first = last - count
	}
	s.tail.free = first - 1
	consumer, err := js.OrderedConsumer(ctx, stream, jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{s.subject}, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: first})
	if err != nil {
		return err
	}
	if consumer.CachedInfo().NumPending == 0 {
		return nil
	}
	messages, err := consumer.Messages()
	if err != nil {
		return err
	}
	defer messages.Stop()
	now := time.Now() // the window begins now: nobody could send anything again meanwhile
	for {
		stored, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return err
		}
		meta, err := stored.Metadata()
		if err != nil {
			return err
		}
		s.tail.add(meta.Sequence.Stream, len(stored.Data()), now)
		h, rest, err := parseHeader(stored.Data())
		for ; h.count > 0 && err == nil; h.count-- { // what is damaged here is told when it is written
			var m message.Message
			if rest, err = next(rest, &m); err == nil {
				s.seen.again(&m, now)
			}
		}
		if meta.Sequence.Stream >= last || meta.NumPending == 0 {
			return nil
		}
	}
}
