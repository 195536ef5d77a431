package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/seed-067c1534/sigio/message"
	"github.com/spf13/cobra"
)

// archive is where an output has kept messages. Query and Follow call each with one after the
// other, the oldest first, and end with its error, or at the end of ctx.
type archive interface {
	// Query finds those that are there.
	Query(ctx context.Context, f message.Filter, each func(*message.Message) error) error
	// Follow waits for those that come after what Query has found.
	Follow(ctx context.Context, f message.Filter, each func(*message.Message) error) error
	Close() error
}

// archives open what messages are kept in, by the scheme of its URL; rest is what follows the colon.
var archives = map[string]func(ctx context.Context, rest string) (archive, error){
	"nats":   openNATS,
	"sqlite": openSQLite,
}

func newQuery() *cobra.Command {
	var o queryOptions
	cmd := &cobra.Command{
		Use:   "query URL",
		Short: "Find messages that an output has kept",
		Example: `sigio query sqlite:messages.db
sigio query sqlite:messages.db --user alice --since 10m
sigio query sqlite:messages.db --text error --limit 0 --format json
sigio query sqlite:messages.db --follow`,
		Long: `Query prints the newest messages in a database that sigio serve --output
sqlite:PATH writes, or in a stream that --output nats://HOST/STREAM.subject
publishes to, the oldest of them first, also while it is written.

A time is how long ago, as in 90s, 10m, 24h or 7d, or a moment, as in
2026-11-24T17:08:36Z, 2026-11-24T17:08 or 2026-11-24 (local time). It is compared
with the time of arrival.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("want one URL, such as sqlite:messages.db")
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return []string{"sqlite:", "nats://"}, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.user, "user", "", "only messages of the user `NAME`")
	f.StringVar(&o.text, "text", "", "only messages that contain `TEXT`")
	f.StringVar(&o.since, "since", "", "only messages that arrived at this `TIME` or later")
	f.StringVar(&o.until, "until", "", "only messages that arrived before this `TIME`")
	addNumber(f, &o.limit, "limit", 100, 0, 0, "the newest `N` of them; 0: all")
	f.BoolVar(&o.follow, "follow", false, "go on with messages as they come, until Ctrl-C")
	addChoice(cmd, f, &o.format, "format", "text for people, or json (an object a line)", "text", "json")
	cmd.RunE = work(func(cmd *cobra.Command, args []string) error {
		wanted, err := o.filter(time.Now())
		if err != nil {
			return err
		}
		wanted.User = given(cmd, "user", &o.user)
		return query(cmd.Context(), args[0], wanted, o, cmd.OutOrStdout())
	})
	return cmd
}

// queryOptions is the command line of query.
type queryOptions struct {
	user, text, since, until, format string
	limit                            int
	follow                           bool
}

// given returns value if the option is on the command line, so that an empty user can be asked for.
func given(cmd *cobra.Command, name string, value *string) *string {
	if cmd.Flags().Changed(name) {
		return value
	}
	return nil
}

func (o *queryOptions) filter(now time.Time) (f message.Filter, err error) {
	f.Text, f.Limit = o.text, o.limit
	for _, t := range []struct {
		name, text string
		to         *time.Time
	}{{"since", o.since, &f.Since}, {"until", o.until, &f.Until}} {
		if t.text == "" {
			continue
		}
		if *t.to, err = parseMoment(t.text, now); err != nil {
			return f, usagef("--%s %s: %v", t.name, t.text, err)
		}
	}
	if o.follow && !f.Until.IsZero() {
		return f, usagef("--follow and --until exclude one another")
	}
	if !f.Since.IsZero() && !f.Until.IsZero() && !f.Since.Before(f.Until) {
		return f, usagef("--since is not before --until")
	}
	return f, nil
}

// parseMoment reads a moment, or how long before now it was.
func parseMoment(text string, now time.Time) (time.Time, error) {
	if ago, ok := parseLong(text); ok {
		return now.Add(-ago), nil
	}
	for _, layout := range []string{
		time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly,
	} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errors.New("want how long ago, such as 10m or 7d, or a moment such as 2026-11-24T17:08:36Z")
}

func query(parent context.Context, url string, f message.Filter, o queryOptions, out io.Writer) error {
	scheme, rest, _ := strings.Cut(url, ":")
	open := archives[scheme]
	if open == nil || rest == "" {
		example := "sqlite:messages.db"
		if scheme == url && url != "" {
			example = "sqlite:" + url // a path
		}
		return usagef("%s: want sqlite:PATH or nats://HOST/STREAM.subject, such as %s", url, example)
	}
	ctx, release := untilStopped(parent)
	defer release()
	a, err := open(ctx, rest)
	if err != nil {
		return plain(err)
	}
	defer a.Close()
	p := newPrinter(out, formats[o.format])
	err = a.Query(ctx, f, p.print)
	if err == nil && o.follow {
		if err = p.flush(); err == nil {
			p.direct = true
			err = a.Follow(ctx, f, p.print)
		}
	}
	if e := p.flush(); err == nil {
		err = e
	}
	var s *stopped
	if errors.As(context.Cause(ctx), &s) && o.follow {
		return nil // it is how that ends
	}
	return plain(err)
}

// printer prints messages, many at once.
type printer struct {
	out    io.Writer
	format func([]byte, *message.Message) []byte
	buffer []byte
	direct bool // each at once
}

func newPrinter(out io.Writer, format func([]byte, *message.Message) []byte) *printer {
	return &printer{out: out, format: format}
}

func (p *printer) print(m *message.Message) error {
	p.buffer = p.format(p.buffer, m)
	if p.direct || len(p.buffer) > 64<<10 {
		return p.flush()
	}
	return nil
}

func (p *printer) flush() error {
	if len(p.buffer) == 0 {
		return nil
	}
	_, err := p.out.Write(p.buffer)
	p.buffer = p.buffer[:0]
	return err
}
