package main

import (
	"context"

	"github.com/seed-067c1534/sigio/internal/jetstream"
	"github.com/seed-067c1534/sigio/message"
)

// natsArchive is the stream of an output nats://...
type natsArchive struct{ *jetstream.Archive }

func openNATS(ctx context.Context, rest string) (archive, error) {
	u, err := parseOutputURL("nats:" + rest)
	if err != nil {
		return nil, usagef("%v", err)
	}
	o := natsOptions(u)
	if err := u.done(); err != nil {
		return nil, usagef("%v", err)
	}
	a, err := jetstream.OpenArchive(ctx, o)
	if err != nil {
		return nil, err
	}
	return natsArchive{a}, nil
}

func (a natsArchive) find(ctx context.Context, f filter, each func(*message.Message) error) error {
	return a.Query(ctx, f.nats(), each)
}

func (a natsArchive) follow(ctx context.Context, f filter, each func(*message.Message) error) error {
	return a.Follow(ctx, f.nats(), each)
}

func (a natsArchive) close() error { return a.Close() }

func (f filter) nats() jetstream.Filter {
	return jetstream.Filter{User: f.user, Text: f.text, Since: f.since, Until: f.until, Limit: f.limit}
}
