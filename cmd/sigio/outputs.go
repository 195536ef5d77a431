package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"

	"github.com/seed-067c1534/sigio/internal/spool"
	"github.com/seed-067c1534/sigio/internal/web"
	"github.com/seed-067c1534/sigio/output"
	"github.com/seed-067c1534/sigio/receiver"
)

// outputs are where a server's messages go.
type outputs struct {
	list []*branch
	gone chan *branch // each when it takes no messages any more

	spool     *spool.Spool // nil: the outputs take messages at once
	spoolName string
	front     *branch // the queue in front of it
	ended     sync.Once
}

// branch is one output: a queue, and the sink that it writes to.
type branch struct {
	*outputPlan
	writer *output.Writer
	sink   sink // nil for standard output
}

// planOutputs understands the command line.
func planOutputs(urls []string, format string) (plans []*outputPlan, err error) {
	if len(urls) == 0 {
		urls = []string{"stdout:"}
	}
	seen := map[string]bool{}
	for _, text := range urls {
		u, err := parseOutputURL(text)
		if err != nil {
			return nil, err
		}
		plan := outputKinds[u.scheme]
		if plan == nil {
			return nil, fmt.Errorf("%s: there is no output %q: want %s", text, u.scheme, outputSchemes())
		}
		p := plan(u, format)
		if err := u.done(); err != nil {
			return nil, err
		}
		place := u.place()
		if seen[place] {
			return nil, fmt.Errorf("%s: is named twice", u.text)
		}
		seen[place] = true
		plans = append(plans, p)
	}
	return plans, nil
}

// openOutputs opens what was planned, or nothing. Standard output is a terminal's if direct.
func openOutputs(plans []*outputPlan, stdout io.Writer, direct bool) (*outputs, error) {
	o := &outputs{gone: make(chan *branch, len(plans))}
	for _, p := range plans {
		b := &branch{outputPlan: p}
		w := stdout
		if p.open == nil {
			p.options.Immediate = direct
		} else {
			var err error
			if b.sink, err = p.open(); err != nil {
				o.close(context.Background())
				return nil, fmt.Errorf("--output %s: %w", p.name, plain(err))
			}
			w = b.sink
		}
		b.writer = output.NewWriter(w, p.options)
		o.list = append(o.list, b)
		go func() {
			<-b.writer.Done()
			o.gone <- b
		}()
	}
	return o, nil
}

// eachAway tells of outputs that are somewhere else and cannot be reached yet, perhaps because their
// URL is wrong. Without a message nobody would hear of it.
func (o *outputs) eachAway(warn func(string)) {
	for _, b := range o.list {
		if remote, ok := b.sink.(interface{ Away() error }); ok && remote.Away() != nil {
			warn(fmt.Sprintf("%s: %v; messages are kept until it can be reached", b.name, plain(remote.Away())))
		}
	}
}

// output is what the receiver writes to. One output needs no Fan.
func (o *outputs) output() receiver.Output {
	if o.spool != nil {
		return o.spool
	}
	if len(o.list) == 1 {
		return o.list[0].writer
	}
	var writers []*output.Writer
	for _, b := range o.list {
		writers = append(writers, b.writer)
	}
	return output.NewFan(writers...)
}

// close writes what waits, all outputs at the same time, and closes them. Its error says which have
// not written everything, and why.
func (o *outputs) close(ctx context.Context) (err error) {
	o.ended.Do(func() {
		if o.spool != nil {
			err = o.front.failure(o.spool.Drain(ctx))
		}
		failed := make([]error, len(o.list))
		var all sync.WaitGroup
		for i, b := range o.list {
			all.Go(func() { failed[i] = b.close(ctx) })
		}
		all.Wait()
		if o.spool != nil { // what an output has not written stays there, and is no failure
			failed = []error{o.spool.Close()}
		}
		err = errors.Join(append(failed, err)...)
	})
	return err
}

func (b *branch) close(ctx context.Context) error {
	err := b.failure(b.writer.Close(ctx))
	if b.sink == nil {
		return err
	}
	if ctx.Err() != nil {
		go b.sink.Close() // it may wait for what is blocked
		return err
	}
	if e := b.sink.Close(); e != nil {
		err = errors.Join(err, fmt.Errorf("%s: %w", b.name, e))
	}
	return err
}

// failure is a Writer's error in the operator's words.
func (b *branch) failure(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EPIPE) && b.sink == nil:
		return errors.New("nobody reads standard output any more")
	case errors.Is(err, context.DeadlineExceeded):
		s := b.writer.Stats()
		text := fmt.Sprintf("%s: %s not written within --drain-timeout", b.name, plural(int(s.LostBy.ByCause()["shutdown"]), "message"))
		if s.LastError != nil {
			text += ": " + bareCause(s.LastError).Error()
		}
		return &renamed{text, err}
	}
	return fmt.Errorf("%s: %w", b.name, plain(err))
}

// reopen opens all files anew, and says what cannot be.
func (o *outputs) reopen(say func(format string, args ...any)) {
	for _, b := range o.list {
		if b.sink == nil {
			continue
		}
		if err := b.sink.Reopen(); err != nil {
			say("sigio serve: warning: cannot reopen %s, going on with what is open: %v", b.name, plain(err))
		} else {
			say("sigio serve: reopened %s", b.name)
		}
	}
}

// reopens says whether there is anything that can be opened anew.
func (o *outputs) reopens() bool {
	for _, b := range o.list {
		if b.sink != nil {
			return true
		}
	}
	return false
}

// account is that of each output.
func (o *outputs) account() []web.Output {
	list := []web.Output{}
	for _, b := range o.all() {
		s := b.writer.Stats()
		j := web.Output{
			Name: b.name, Written: s.Written, WrittenBytes: s.WrittenBytes, Lost: s.Lost, LostBy: s.LostBy.ByCause(),
			Pending: s.Pending, PendingBytes: s.PendingBytes, Retries: s.Retries, Stalled: s.Stalled,
			Failed: b.writer.Err() != nil,
		}
		err := s.LastError
		if b.details != nil {
			var behind error
			if j.Details, behind = b.details(b.sink); err == nil {
				err = behind
			}
		}
		if err != nil {
			j.LastError = err.Error()
		}
		list = append(list, j)
	}
	return list
}

// accountOf is an output's account on one line.
func accountOf(j web.Output) string {
	text := fmt.Sprintf("%s: written %d", j.Name, j.Written)
	if j.Lost > 0 {
		text += fmt.Sprintf(", lost %d (%s)", j.Lost, causes(j.LostBy))
	}
	if j.Pending > 0 {
		text += fmt.Sprintf(", pending %d", j.Pending)
	}
	return text
}
