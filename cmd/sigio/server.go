package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio/internal/web"
	"github.com/seed-067c1534/sigio/receiver"
	"github.com/spf13/cobra"
)

// waitingEvery is how often a terminal is told that the server still waits.
const waitingEvery = 3 * time.Second

// server is a receiver that prints, and what it tells its operator meanwhile.
type server struct {
	receiver *receiver.Receiver
	outputs  *outputs
	line     *statusLine
	account  *accountFile
	warnings warnings
	drain    atomic.Int64 // a time.Duration
	notify   *notifier
	reloader *reloader
	window   *window
}

// connectionGrace is how long a connection is waited for, at the end, whose message is
// on its way. With a manager that keeps the socket open (systemd.socket(5)), clients do not
// notice a restart.
const connectionGrace = time.Second

// warnings are what a receiver has to tell its operator. It tells them on the
// loop's thread, which must not wait for a terminal.
type warnings chan string

func newWarnings() warnings { return make(warnings, 16) }

func (w warnings) add(text string) {
	select {
	case w <- text:
	default: // those that wait say enough
	}
}

// each calls f with those that wait.
func (w warnings) each(f func(text string)) {
	for {
		select {
		case text := <-w:
			f(text)
		default:
			return
		}
	}
}

// serve runs a server until a signal stops it, or its output is gone.
func serve(cmd *cobra.Command, st *settings, stdout, stderr io.Writer) error {
	ctx, release := untilStopped(cmd.Context())
	defer release()
	ask, stopAsking := whenAsked() // before anybody can know that there is somebody to ask
	defer stopAsking()
	s, err := newServer(st.options, stdout, stderr)
	if err != nil {
		return err
	}
	defer s.outputs.close(ctx)
	defer s.window.close()
	s.window.answer(s)
	s.reloader = &reloader{now: st, say: s.line.say, again: func() (*settings, error) { return gatherValid(cmd) }}
	s.notify = newNotifier(os.Getenv)
	defer s.notify.close()
	hangup, stopHangup := whenHungUp(s.outputs.reopens() || st.options.usesKeys() || st.options.configFile != "" || s.notify.wanted())
	defer stopHangup()
	if err := s.receiver.Start(); err != nil {
		return plain(err)
	}
	s.window.phase(web.Serving)
	if err := s.account.write(s.now()); err != nil {
		s.account.path = "" // said once
		return errors.Join(err, s.end())
	}
	s.line.say("sigio serve: listening on %s", listeners(s.receiver.Stats()))
	return s.run(ctx, ask, hangup)
}

func newServer(o *serveOptions, stdout, stderr io.Writer) (*server, error) {
	plans, err := planOutputs(o.outputs, o.format)
	if err != nil {
		return nil, usagef("--output %v", err)
	}
	spooled, err := o.spool.plan(plans, int(o.maxMessage))
	if err != nil {
		return nil, usagef("--spool %v", err)
	}
	// Without a handler, a write to a pipe that nobody reads would end the program
	// before the account is told (os/signal, SIGPIPE).
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	s := &server{line: newStatusLine(stderr), warnings: newWarnings(), account: newAccountFile(o.stats)}
	s.drain.Store(int64(o.drain))
	_, isTerminal := terminal(stdout)
	if isTerminal && s.line.live {
		stdout = s.line.above(stdout)
	}
	if s.outputs, err = openOutputs(plans, stdout, isTerminal); err != nil {
		return nil, err
	}
	s.outputs.eachAway(s.warnings.add)
	if err := s.outputs.openSpool(context.Background(), spooled, s.warnings.add); err != nil {
		s.outputs.close(context.Background())
		return nil, plain(err)
	}
	cfg := o.config()
	cfg.Output = s.outputs.output()
	cfg.Warn = s.warnings.add
	cfg.Grace = connectionGrace
	if s.window, err = openWindow(o.http, s); err != nil {
		s.outputs.close(context.Background())
		return nil, err
	}
	s.window.watch(&cfg)
	if s.receiver, err = receiver.New(cfg); err != nil {
		s.window.close()
		s.outputs.close(context.Background())
		return nil, usagef("%v", plain(err)) // it has seen nothing but the command line
	}
	return s, nil
}

// run serves until ctx ends, which is an orderly end, or something
// fails, and answers whoever asks meanwhile.
func (s *server) run(ctx context.Context, ask, hangup <-chan os.Signal) error {
	waiting := newTicker(s.line.live, waitingEvery)
	defer waiting.Stop()
	stalls := newStallWatches(s.outputs, s.line.say)
	left := len(s.outputs.list)
	stalling := newTicker(true, stallEvery)
	defer stalling.Stop()
	quiet := quietWatch{received: s.received()}
	news := newTicker(s.notify.wanted(), statusEvery)
	defer news.Stop()
	s.notify.ready(statusText(s.receiver.Stats()))
	defer s.guard(ctx)()
	for {
		select {
		case <-ctx.Done():
			s.line.say("sigio serve: stopping; once more stops at once")
			return s.end()
		case b := <-s.outputs.gone:
			if left--; left == 0 {
				return s.end()
			}
			s.warn(fmt.Sprintf("%v; the other outputs go on", b.failure(b.writer.Err())))
		case <-hangup:
			go s.reloader.reload(s)
		case <-news.C:
			s.notify.status(statusText(s.receiver.Stats()))
		case <-s.receiver.Done():
			return s.end()
		case text := <-s.warnings:
			s.warn(text)
		case <-ask:
			s.report()
		case <-stalling.C:
			for _, w := range stalls {
				w.look()
			}
		case <-waiting.C:
			if quiet.still(s.received()) {
				s.line.set(waitingText(s.receiver.Stats()))
			}
		}
	}
}

func (s *server) warn(text string) { s.line.say("sigio serve: warning: %s", text) }

func (s *server) received() uint64 {
	stats := s.receiver.Stats()
	return stats.Received + stats.Pending
}

// quietWatch tells whether anything came since it was last asked.
type quietWatch struct{ received uint64 }

func (q *quietWatch) still(received uint64) bool {
	quiet := q.received == received
	q.received = received
	return quiet
}

// newTicker returns a ticker, or one that never ticks.
func newTicker(ticks bool, every time.Duration) *time.Ticker {
	t := time.NewTicker(every)
	if !ticks {
		t.Stop()
	}
	return t
}

// report tells the account and writes it to the file.
func (s *server) report() {
	a := s.now()
	s.tell(a)
	if err := s.account.write(a); err != nil {
		s.line.say("sigio serve: %v", err)
	}
}

// tell tells the account, and, if there are several outputs, that of each.
func (s *server) tell(a web.Account) {
	s.line.say("sigio serve: %s", accountText(a.Stats))
	if len(a.Outputs) > 1 {
		for _, j := range a.Outputs {
			s.line.say("sigio serve: %s", accountOf(j))
		}
	}
}

// end reads and prints what the kernel had received, then tells the account. Its
// error is why the server ended by itself, or could not end in order.
func (s *server) end() error {
	s.window.phase(web.Draining)
	s.notify.stopping("reading what has come")
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(s.drain.Load()))
	defer cancel()
	drained := s.receiver.Shutdown(ctx)
	printed := s.outputs.close(ctx)
	s.warnings.each(s.warn)
	a := s.now()
	s.tell(a)
	return errors.Join(plain(drained), printed, s.account.write(a))
}
