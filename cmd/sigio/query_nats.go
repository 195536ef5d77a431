package main

import (
	"context"

	"github.com/seed-067c1534/sigio/internal/jetstream"
)

// openNATS opens the stream of an output nats://...
func openNATS(ctx context.Context, rest string) (archive, error) {
	u, err := parseOutputURL("nats:" + rest)
	if err != nil {
		return nil, usagef("%v", err)
	}
	o := natsOptions(u)
	if err := u.done(); err != nil {
		return nil, usagef("%v", err)
	}
	return jetstream.OpenArchive(ctx, o)
}
