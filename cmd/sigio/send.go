package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/seed-067c1534/sigio/internal/sender"
	"github.com/spf13/cobra"
)

func newSend() *cobra.Command {
	var target, name string
	var perSecond rate
	var cfg sender.Config
	cmd := &cobra.Command{
		Use:   "send MESSAGE...",
		Short: "Send messages, and count those that fail",
		Example: `sigio send 'hello, world'                  # to tcp://localhost:8888
sigio send --to udp://localhost:8888 hi
tail -f app.log | sigio send -             # each line is a message
tail -f app.log | sigio send --ack --to 'tls://receiver:6514?ca=ca.pem' -
sigio send --count 10000 --rate 500/s hi   # load`,
		Long: `Send sends MESSAGE as {"send_user","send_time","send_msg"}, each over a connection
of its own. With - instead of a MESSAGE it sends each line of standard input. It
sends over TCP unless --to says otherwise, because TCP tells when nobody is
there; a datagram may get lost unnoticed. With --ack a message counts as sent when
the receiver says that it is delivered, and until then it is sent again. The exit
code is 1 if any message failed.

URL is udp://HOST:PORT, tcp://HOST:PORT, tls://HOST:PORT, unix://PATH or
unixgram://PATH, with @NAME as PATH for an abstract name. Behind a ? tls:// has
parameters: ca=FILE, whom to trust instead of the authorities that the system
trusts; cert=FILE and key=FILE, for a receiver that wants a certificate, the key
in the same file if there is no key=; name=NAME, whom the receiver's certificate
must be for if not HOST.`,
	}
	f := cmd.Flags()
	f.StringVar(&target, "to", "tcp://localhost:8888", "send to this `URL`, see above")
	f.StringVar(&name, "user", "", "send under this `NAME` (default: yours)")
	addNumber(f, &cfg.Count, "count", 1, 1, 0, "send the message `N` times")
	f.Var(&perSecond, "rate", "send at most so many messages a second; 0: as fast as possible")
	addNumber(f, &cfg.Connections, "connections", 1, 1, 0, "send by `N` connections at the same time")
	f.BoolVar(&cfg.KeepOpen, "keep-open", false, "keep the connections open, and end each message with a newline")
	f.BoolVar(&cfg.Ack, "ack", false, "have the receiver acknowledge, over a connection, and send again what it does not, with a send_id")
	f.BoolVar(&cfg.Number, "number", false, "number the messages: seq=0000000000")
	addSpan(f, &cfg.Timeout, "timeout", 10*time.Second, "the `TIME` that one message may take")
	completeURLs(cmd, "to", "tcp://", "tls://", "udp://", "unix://", "unixgram://")
	cmd.RunE = work(func(cmd *cobra.Command, args []string) error {
		var err error
		if cfg.Target, err = sender.ParseURL(target); err != nil {
			return usagef("--to: %v", plain(err))
		}
		if err := cfg.Target.Check(); err != nil {
			return usagef("--to: %v", plain(err))
		}
		lines := len(args) == 1 && args[0] == "-"
		switch {
		case len(args) == 0:
			return usagef("what is to be sent? Give a MESSAGE, or - for the lines of standard input")
		case cfg.Ack && !cfg.Target.Stream():
			return usagef("--ack wants tcp://, tls:// or unix://: datagrams are not acknowledged")
		case lines && cmd.Flags().Changed("count"):
			return usagef("--count does not go with -: each line is one message")
		case cfg.Timeout == 0:
			return usagef("--timeout 0: want a time in which a message may be sent")
		case len(args) > 1 && slices.Contains(args, "-"):
			return usagef("- stands for the lines of standard input, and no MESSAGE beside it")
		case lines:
			cfg.Lines, cfg.Count = cmd.InOrStdin(), 0
		}
		cfg.Text, cfg.Rate = strings.Join(args, " "), float64(perSecond)
		if cfg.User = name; !cmd.Flags().Changed("user") {
			cfg.User = userName()
		}
		return send(cmd.Context(), cfg, cmd.ErrOrStderr())
	})
	return cmd
}

func userName() string {
	if name := os.Getenv("USER"); name != "" {
		return name
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "unknown"
}

// send sends, shows how far it is if that takes long, and says how it went.
func send(parent context.Context, cfg sender.Config, stderr io.Writer) error {
	ctx, release := untilStopped(parent)
	defer release()
	line := newStatusLine(stderr)
	if line.live {
		cfg.Progress = progress(line, cfg.Count)
	}
	result, err := sender.Run(ctx, cfg)
	line.clear()
	fmt.Fprintln(stderr, summary(cfg.Target.String(), result))
	var s *stopped
	var d *sender.Distrust
	switch {
	case errors.As(context.Cause(ctx), &s):
		return &failure{s.code(), s}
	case err != nil:
		return plain(err)
	case errors.As(result.First, &d):
		return d
	case result.Failed > 0:
		return &failure{code: exitFailure} // the summary says it
	}
	return nil
}

// progressFrom is when a command begins to say how far it is, and progressEvery
// how often.
const (
	progressFrom  = time.Second
	progressEvery = 200 * time.Millisecond
)

// progress returns a function that writes the counts on the line now and then.
func progress(line *statusLine, total int) func(sent, failed int, elapsed time.Duration) {
	next := progressFrom
	return func(sent, failed int, elapsed time.Duration) {
		if elapsed < next {
			return
		}
		next = elapsed + progressEvery
		text := fmt.Sprintf("sent %d", sent)
		if total > 0 {
			text += fmt.Sprintf(" of %d (%d%%)", total, (sent+failed)*100/total)
		}
		line.set(fmt.Sprintf("%s, failed %d, %.0f a second", text, failed, float64(sent)/elapsed.Seconds()))
	}
}

func summary(target string, r sender.Result) string {
	text := fmt.Sprintf("sent %s to %s in %v", plural(r.Sent, "message"), target, roundTime(r.Duration))
	if r.Sent > 1 {
		text += fmt.Sprintf(", %.0f a second", float64(r.Sent)/r.Duration.Seconds())
	}
	if r.Failed > 0 {
		text += fmt.Sprintf("; failed %d: %s", r.Failed, causes(r.Failures))
	}
	return text
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// roundTime keeps three digits or so.
func roundTime(d time.Duration) time.Duration {
	switch {
	case d >= 10*time.Second:
		return d.Round(100 * time.Millisecond)
	case d >= time.Second:
		return d.Round(10 * time.Millisecond)
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(time.Microsecond)
}

// causes lists counts by cause, the most frequent first.
func causes[N int | uint64](counts map[string]N) string {
	keys := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		switch {
		case counts[a] > counts[b]:
			return -1
		case counts[a] < counts[b]:
			return 1
		}
		return strings.Compare(a, b)
	})
	for i, k := range keys {
		keys[i] = fmt.Sprintf("%s %d", k, counts[k])
	}
	return strings.Join(keys, ", ")
}

// plain takes the names of the library and of its package off its errors, since the
// command's name stands in front of them already.
func plain(err error) error {
	if err == nil {
		return nil
	}
	text, found := strings.CutPrefix(err.Error(), "sigio: ")
	if !found {
		return err
	}
	for _, name := range []string{"output", "sqlite", "jetstream"} {
		text = strings.TrimPrefix(text, name+": ")
	}
	return &renamed{text, err}
}

type renamed struct {
	text string
	err  error
}

func (r *renamed) Error() string { return r.text }
func (r *renamed) Unwrap() error { return r.err }
