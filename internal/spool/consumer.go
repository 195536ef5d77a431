package spool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// consumer describes the consumer of an output.
func (s *Spool) consumer(output string) jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable:       durable(s.options.Name, output),
		Description:   output,
		DeliverPolicy: jetstream.DeliverAllPolicy,
		AckPolicy:     jetstream.AckExplicitPolicy,
		// Only this process takes from the consumer, and asks for what is open when it begins.
		AckWait:       24 * time.Hour,
		MaxAckPending: 4096,
		FilterSubject: s.subject,
	}
}

// consume returns the consumer of an output, or makes it.
func (s *Spool) consume(ctx context.Context, js jetstream.JetStream, output string) (jetstream.Consumer, error) {
	c := s.consumer(output)
	consumer, err := js.Consumer(ctx, stream, c.Durable)
	if !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return consumer, err
	}
	consumer, err = js.CreateOrUpdateConsumer(ctx, stream, c)
	if err == nil || s.host == nil || s.host.space() != nil {
		return consumer, err
	}
	// It is damaged. How far the output was is in the file of marks, too.
	kept, _ := filepath.Glob(filepath.Join(s.options.Dir, "jetstream", "*", "streams", stream, "obs", c.Durable))
	for _, path := range kept {
		if err := os.RemoveAll(path); err != nil {
			return nil, err
		}
	}
	consumer, again := js.CreateOrUpdateConsumer(ctx, stream, c)
	if again == nil {
		s.options.Warn(fmt.Sprintf("spool %s: how far %s was is damaged in the store, and was made anew: %v", s.options.Dir, output, err))
	}
	return consumer, again
}
