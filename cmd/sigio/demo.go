package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/seed-067c1534/sigio/internal/scenario"
	"github.com/seed-067c1534/sigio/internal/sender"
	"github.com/seed-067c1534/sigio/receiver"
	"github.com/seed-067c1534/sigio/siginfo"
	"github.com/spf13/cobra"
)

func newDemo() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Show in a few seconds what sigio does: no set-up, ends by itself",
		Example: `sigio demo
sigio demo | less`,
		Long: `Demo runs a server and its clients in one process, on ports of their own. It
shows messages with the signals behind them, then a burst and its account, and
then what becomes of a burst that is announced by plain SIGIO.`,
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: work(func(cmd *cobra.Command, _ []string) error {
			ctx, release := untilStopped(cmd.Context())
			defer release()
			ctx, cancel := context.WithTimeout(ctx, demoTime)
			defer cancel()
			err := runDemo(ctx, cmd.OutOrStdout())
			var s *stopped
			if errors.As(context.Cause(ctx), &s) {
				return &failure{s.code(), s}
			}
			return err
		}),
	}
}

const (
	demoTime      = 9 * time.Second // it takes less than one
	burstSenders  = 4
	burstMessages = 2000
	burstStreams  = 200
)

// demo is a server with clients around it, and where they are shown.
type demo struct {
	ctx      context.Context
	out      io.Writer
	p        paint
	live     *live
	showing  atomic.Bool // signals are to be shown one by one
	show     func(liveEvent) error
	receiver *receiver.Receiver
	udp, tcp string // URLs
	sent     uint64
}

func runDemo(ctx context.Context, out io.Writer) error {
	d := &demo{ctx: ctx, out: out, p: painter(out), live: &live{events: make(chan liveEvent, liveEvents)}}
	d.show = d.live.printer(out, "text")
	told := newWarnings()
	cfg := receiver.Config{
		Listen: []string{"udp://127.0.0.1:0", "tcp://127.0.0.1:0"},
		Output: &demoOutput{d}, Warn: told.add,
	}
	cfg.Loop.Observe = func(r *siginfo.Record) {
		if d.showing.Load() {
			d.live.observe(r)
		}
	}
	var err error
	if d.receiver, err = receiver.New(cfg); err != nil {
		return plain(err)
	}
	if err := d.receiver.Start(); err != nil {
		return plain(err)
	}
	for _, l := range d.receiver.Stats().Listeners {
		if strings.HasPrefix(l.Address, "udp:") {
			d.udp = l.Address
		} else {
			d.tcp = l.Address
		}
	}
	err = errors.Join(d.messages(), d.burst(), d.end(), d.plainSIGIO())
	told.each(func(text string) { d.text("Warning: " + text) })
	if err == nil {
		d.text("Next: sigio trace --list shows what else the kernel signals, sigio serve receives, sigio doctor examines this machine.")
	}
	return err
}

func (d *demo) title(text string) { fmt.Fprintf(d.out, "%s\n\n", d.p.bold(text)) }
func (d *demo) text(text string)  { fmt.Fprintf(d.out, "%s\n", wrap(text, "", width)) }

// messages shows single messages, each with its signals.
func (d *demo) messages() error {
	d.title("1. Messages come, and signals with them")
	d.text("A server listens on " + d.udp + " and " + d.tcp + ". Its sockets are armed: whenever something comes, the " +
		"kernel queues a signal for the server's thread. First a datagram, then a connection whose message comes in two parts.")
	d.showing.Store(true)
	defer d.showing.Store(false)
	if err := d.send(sender.Config{User: "demo", Text: "one datagram"}, d.udp); err != nil {
		return err
	}
	if err := d.shown(); err != nil {
		return err
	}
	if err := d.halves(`{"send_user":"demo","send_time":"` + time.Now().Format(time.DateTime) + `","send_msg":"in two parts"}`); err != nil {
		return err
	}
	if err := d.shown(); err != nil {
		return err
	}
	d.text("A signal says which descriptor is meant and why. It is a hint: the server reads until there is no more, and only a read's own result counts.")
	return nil
}

// send sends messages to a URL, and waits until the server knows what became of
// them.
func (d *demo) send(cfg sender.Config, url string) error {
	var err error
	if cfg.Target, err = sender.ParseURL(url); err != nil {
		return err
	}
	result, err := sender.Run(d.ctx, cfg)
	d.sent += uint64(result.Sent)
	if err = errors.Join(err, result.Err()); err != nil {
		return plain(err)
	}
	return d.settled()
}

// halves sends a message in two segments, and the second one only when the first
// has been read.
func (d *demo) halves(text string) error {
	var dialer net.Dialer
	c, err := dialer.DialContext(d.ctx, "tcp", strings.TrimPrefix(d.tcp, "tcp://"))
	if err != nil {
		return err
	}
	defer c.Close()
	if err := d.wait("the connection", func(s receiver.Stats) bool { return s.Connections.Open == 1 }); err != nil {
		return err
	}
	for _, part := range []string{text[:len(text)/2], text[len(text)/2:]} {
		before := d.receiver.Stats().Signals.Received
		if _, err := c.Write([]byte(part)); err != nil {
			return err
		}
		if err := d.wait("the signal", func(s receiver.Stats) bool { return s.Signals.Received > before }); err != nil {
			return err
		}
	}
	d.sent++
	c.Close()
	return d.settled()
}

// settled waits until each message that was sent is accounted for, and each
// connection is closed.
func (d *demo) settled() error {
	return d.wait("the account", func(s receiver.Stats) bool {
		return s.Received+s.KernelDrops == d.sent && s.Connections.Open == 0
	})
}

func (d *demo) wait(what string, done func(receiver.Stats) bool) error {
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for !done(d.receiver.Stats()) {
		select {
		case <-ticker.C:
		case <-d.ctx.Done():
			return fmt.Errorf("waiting for %s: %w; %s", what, d.ctx.Err(), accountText(d.receiver.Stats()))
		}
	}
	return nil
}

// shown prints the events so far.
func (d *demo) shown() error {
	for {
		select {
		case e := <-d.live.events:
			if err := d.show(e); err != nil {
				return err
			}
		default:
			_, err := fmt.Fprintln(d.out)
			return err
		}
	}
}

// burst sends many at once, and shows the account.
func (d *demo) burst() error {
	d.title("2. A burst, and its account")
	before := d.receiver.Stats()
	start := time.Now()
	err := d.send(sender.Config{User: "demo", Text: "burst", Count: burstMessages, Connections: burstSenders, Number: true}, d.udp)
	if err == nil {
		err = d.send(sender.Config{User: "demo", Text: "burst", Count: burstStreams, Connections: burstSenders, Number: true}, d.tcp)
	}
	if err != nil {
		return err
	}
	took, s := time.Since(start), d.receiver.Stats()
	d.text(fmt.Sprintf("%d clients sent %d datagrams as fast as they could, then %d messages over a connection each. After %v:",
		burstSenders, burstMessages, burstStreams, roundTime(took)))
	signals, merged := s.Signals.Received-before.Signals.Received, s.Signals.Merged-before.Signals.Merged
	fmt.Fprintf(d.out, "  sent      %d\n", d.sent)
	fmt.Fprintf(d.out, "  received  %d = delivered %d + rejected %d\n", s.Received, s.Delivered, s.Received-s.Delivered)
	fmt.Fprintf(d.out, "  dropped   %d (by the kernel, before anybody saw them)\n", s.KernelDrops)
	fmt.Fprintf(d.out, "  signals   %d, of which %d were merged with others for the same socket\n\n", signals, merged)
	return nil
}

func (d *demo) end() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return d.receiver.Shutdown(ctx)
}

// plainSIGIO plays the scenario that shows why signals used to lose messages.
func (d *demo) plainSIGIO() error {
	d.title("3. Why servers of this kind used to lose messages")
	s, err := scenario.Find("standard-signal-merges")
	if err != nil {
		return err
	}
	r, err := scenario.Run(d.ctx, s)
	if err != nil {
		return err
	}
	signals := signalsOfSteps(r)
	fmt.Fprintf(d.out, "  five datagrams, plain SIGIO:         %s, which names no descriptor\n", plural(signals(siginfo.Kernel), "signal"))
	fmt.Fprintf(d.out, "  five datagrams, a real-time signal:  %s, each with its descriptor\n\n", plural(signals(siginfo.PollIn), "signal"))
	d.text("Plain SIGIO is a mark, not a queue: events merge into one signal, and a server that takes one message for each " +
		"signal leaves the others lying. sigio trace standard-signal-merges shows it step by step.")
	if !r.Matched() {
		return errors.New("this kernel differs from those that are known: see sigio trace standard-signal-merges")
	}
	return nil
}

// signalsOfSteps counts the signals of a run by their code.
func signalsOfSteps(r scenario.Result) func(siginfo.Code) int {
	counts := map[siginfo.Code]int{}
	for _, e := range r.Signals() {
		counts[e.Record.Code()]++
	}
	return func(c siginfo.Code) int { return counts[c] }
}
