package jetstream

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// ensureStream makes the stream if it is not there. One that is there stays as it is.
func ensureStream(conn *nats.Conn, o Options) error {
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), o.Timeout)
	defer cancel()
	s, err := js.Stream(ctx, o.Stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		_, err = js.CreateStream(ctx, o.config())
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // somebody else was quicker
			s, err = js.Stream(ctx, o.Stream)
		} else {
			return err
		}
	}
	if err != nil {
		return err
	}
	for _, subject := range s.CachedInfo().Config.Subjects {
		if matches(subject, o.Subject) {
			return nil
		}
	}
	return fmt.Errorf("the stream %s takes %q, not %s: want another subject, or add it to the stream (nats stream edit)",
		o.Stream, s.CachedInfo().Config.Subjects, o.Subject)
}

func (o Options) config() jetstream.StreamConfig {
	c := jetstream.StreamConfig{
		Name:        o.Stream,
		Description: "messages, by sigio serve",
		Subjects:    []string{o.Subject},
		Storage:     jetstream.FileStorage,
		Retention:   jetstream.LimitsPolicy,
		Discard:     jetstream.DiscardOld,
		Replicas:    o.Replicas,
		MaxBytes:    -1,
		MaxAge:      o.MaxAge,
		Duplicates:  o.Window,
		AllowDirect: true,
	}
	if o.MaxBytes > 0 {
		c.MaxBytes = o.MaxBytes
	}
	return c
}

// matches says whether a subject belongs to a pattern with the wildcards * and >.
func matches(pattern, subject string) bool {
	for {
		p, restP, moreP := cut(pattern)
		s, restS, moreS := cut(subject)
		switch {
		case p == ">":
			return true
		case p != "*" && p != s, moreP != moreS && !(moreP && restP == ">" && moreS):
			return false
		case !moreP:
			return true
		}
		pattern, subject = restP, restS
	}
}

func cut(s string) (token, rest string, more bool) { return strings.Cut(s, ".") }
