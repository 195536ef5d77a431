package spool

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	sigiojs "github.com/seed-067c1534/sigio/internal/jetstream"
	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/output"
)

// Spool is a receiver's Output. Its life:
//
//	Open, Feed for each output, Append ... ; Drain, the outputs' Close, Close
type Spool struct {
	options Options
	subject string
	host    *host // nil: a cluster
	sink    *sink
	front   *output.Writer
	seen    *seen
	tail    *tail

	pumps   []*pump
	working sync.WaitGroup
	reading context.Context // of the pumps
	stop    context.CancelFunc
	acking  context.Context
	end     context.CancelFunc

	janitor chan struct{}
	marked  []byte               // what the file says
	begin   map[string]beginning // of the outputs' consumers
	mu      sync.Mutex
	state   jetstream.StreamState // as the janitor has last seen it
	purged  uint64
}

// Open opens the store, or makes one, for outputs of these names. What is wrong with a folder it
// says with what to do about it.
func Open(ctx context.Context, o Options, outputs []string) (*Spool, error) {
	o = o.complete()
	s := &Spool{options: o, subject: o.Remote.Subject, janitor: make(chan struct{}, 1), begin: map[string]beginning{},
		seen: newSeen(o.Dedupe), tail: newTail(o)}
	s.reading, s.stop = context.WithCancel(context.Background())
	s.acking, s.end = context.WithCancel(context.Background())
	s.sink = &sink{s: s}
	if err := s.open(ctx, outputs); err != nil {
		if s.host != nil {
			s.host.close()
		}
		s.stop()
		s.end()
		return nil, fmt.Errorf("sigio: spool %s: %w", s.where(), err)
	}
	s.front = output.NewWriter(s.sink, output.Options{
		Format: format(o.KeepBody, s.seen), Limit: o.Limit, Chunk: 4 * recordSize, Persist: true,
	})
	s.working.Go(s.clean)
	return s, nil
}

func (s *Spool) where() string {
	if s.options.Dir != "" {
		return s.options.Dir
	}
	return s.options.Remote.Servers
}

func (s *Spool) open(ctx context.Context, outputs []string) (err error) {
	if s.options.Dir != "" {
		if s.host, err = openHost(s.options); err != nil {
			return err
		}
		s.host.onFail = s.sink.fail
	}
	conn, err := s.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	defer func() { err = sigiojs.Why(conn, err) }()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*s.options.Remote.Timeout)
	defer cancel()
	str, err := s.ensure(ctx, js)
	if err != nil {
		return s.advise(err)
	}
	was := s.readMarks()
	if err := s.sink.resume(ctx, str, was.series); err != nil {
		return err
	}
	s.compare(was.series)
	if err := s.reckon(ctx, str, was); err != nil {
		return s.advise(err)
	}
	// Before anything is stored, so that it waits for each of them.
	if err := s.forget(ctx, str, outputs); err != nil {
		return err
	}
	for _, name := range outputs {
		if _, err := s.consume(ctx, js, name); err != nil {
			return s.advise(fmt.Errorf("%s: %w", name, err))
		}
	}
	s.state = str.CachedInfo().State
	if err := s.remember(ctx, js, s.state); err != nil {
		return fmt.Errorf("read the newest records: %w", err)
	}
	return nil
}

// advise adds what an operator can do about a store that does not open.
func (s *Spool) advise(err error) error {
	if s.host == nil {
		return err
	}
	if full := s.host.space(); full != nil {
		return fmt.Errorf("%w: make room (%w)", full, err)
	}
	return fmt.Errorf("the store does not open: %w; %s", err, advice)
}

func (s *Spool) dial() (*nats.Conn, error) {
	if s.host != nil {
		return s.host.dial()
	}
	return sigiojs.Dial(s.options.Remote)
}

// ensure makes the stream. That of a cluster is left as it is.
func (s *Spool) ensure(ctx context.Context, js jetstream.JetStream) (jetstream.Stream, error) {
	c := jetstream.StreamConfig{
		Name: stream, Description: "spool of sigio serve", Subjects: []string{subjectPrefix + ">"},
		Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardNew,
		MaxBytes: s.options.MaxBytes, MaxAge: s.options.MaxAge, Replicas: max(1, s.options.Remote.Replicas),
		Duplicates: 2 * time.Minute,
	}
	if c.MaxAge > 0 {
		c.Duplicates = min(c.Duplicates, c.MaxAge)
	}
	str, err := js.Stream(ctx, stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return js.CreateOrUpdateStream(ctx, c)
	}
	if err == nil && s.host != nil { // what need not be written is not: the disk may be full
		if is := str.CachedInfo().Config; is.MaxBytes != c.MaxBytes || is.MaxAge != c.MaxAge || is.Duplicates != c.Duplicates {
			return js.UpdateStream(ctx, c)
		}
	}
	return str, err
}

// forget looks for consumers of outputs that are not named any more.
func (s *Spool) forget(ctx context.Context, str jetstream.Stream, outputs []string) error {
	wanted := map[string]bool{}
	for _, name := range outputs {
		wanted[durable(s.options.Name, name)] = true
	}
	list := str.ListConsumers(ctx)
	var old []*jetstream.ConsumerInfo
	for info := range list.Info() {
		if info.Config.FilterSubject == s.subject && !wanted[info.Name] {
			old = append(old, info)
		}
	}
	if err := list.Err(); err != nil {
		return err
	}
	for _, info := range old {
		waiting := info.NumPending + uint64(info.NumAckPending)
		if waiting > 0 && !s.options.Forget {
			return fmt.Errorf("%d records wait for the output %s, which is not named any more: name it, or give them up with forget",
				waiting, info.Config.Description)
		}
		if err := str.DeleteConsumer(ctx, info.Name); err != nil {
			return err
		}
		if waiting > 0 {
			s.options.Warn(fmt.Sprintf("spool %s: gave up %d records that waited for %s", s.where(), waiting, info.Config.Description))
		}
	}
	return nil
}

// durable is the name of an output's consumer.
func durable(receiver, output string) string {
	sum := sha256.Sum256([]byte(receiver + "\x00" + output))
	return "out-" + hex.EncodeToString(sum[:8])
}

// Feed brings everything to an output, from where it had come to. It is to be called once for each
// of the names that Open was given.
func (s *Spool) Feed(name string, out Output) {
	p := newPump(s, name, out)
	s.mu.Lock()
	s.pumps = append(s.pumps, p)
	s.mu.Unlock()
	s.working.Go(func() { p.run(s.reading, s.acking) })
}

// Append and Room are those of an output.Writer. Delivered means stored.
func (s *Spool) Append(m *message.Message, r output.Receipt) bool { return s.front.Append(m, r) }

// Room calls f once, as soon as it is worth while to try Append again.
func (s *Spool) Room(f func()) { s.front.Room(f) }

// patience is how long Drain waits for an output that takes nothing. What it has not taken is not
// lost.
const patience = time.Second

// Drain stores what was appended, and gives the outputs the time to take what is stored, as long as
// they do. It returns an error, which may wrap ctx's, if something could not be stored.
func (s *Spool) Drain(ctx context.Context) error {
	err := s.front.Close(ctx)
	last, since := s.progress(), time.Now()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !s.caughtUp() && ctx.Err() == nil && time.Since(since) < patience {
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
		if now := s.progress(); now != last {
			last, since = now, time.Now()
		}
	}
	s.stop()
	return err
}

func (s *Spool) progress() (sum uint64) {
	for _, p := range s.feeding() {
		sum += p.floor()
	}
	return sum
}

func (s *Spool) feeding() []*pump {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pumps
}

// caughtUp says whether every output has everything.
func (s *Spool) caughtUp() bool {
	last := s.sink.last.Load()
	for _, p := range s.feeding() {
		if p.floor() < last && !p.isGone() {
			return false
		}
	}
	return true
}

// Close ends everything. The outputs must be closed before, so that what they have written is
// acknowledged.
func (s *Spool) Close() error {
	s.stop()
	s.end()
	s.sink.close()
	s.working.Wait()
	s.mark()
	if s.host != nil {
		s.host.close()
	}
	return nil
}

// Front is the queue in front of the store: what waits to be stored, and why it waits.
func (s *Spool) Front() *output.Writer { return s.front }
