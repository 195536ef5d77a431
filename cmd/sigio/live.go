package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/receiver"
	"github.com/seed-067c1534/sigio/siginfo"
	"github.com/spf13/cobra"
)

// live shows the signals of a running receiver, and its messages between them. Its
// methods are called on the loop's thread and must not wait, so a goroutine
// prints; what it cannot keep up with is counted.
type live struct {
	events chan liveEvent
	missed atomic.Uint64
}

// liveEvent is a signal or a message.
type liveEvent struct {
	at         time.Time
	record     siginfo.Record
	descriptor string
	message    string // "" for a signal
}

const liveEvents = 4096 // that may wait for a slow terminal

func traceLive(cmd *cobra.Command, listen []string, format string) error {
	ctx, release := untilStopped(cmd.Context())
	defer release()
	stderr := cmd.ErrOrStderr()
	t := &live{events: make(chan liveEvent, liveEvents)}
	told := newWarnings()
	cfg := receiver.Config{Listen: listen, Output: t, Warn: told.add}
	cfg.Loop.Observe = t.observe
	cfg.Loop.Linger = -1 // signals are what is to be seen
	r, err := receiver.New(cfg)
	if err != nil {
		return usagef("--listen: %v", plain(err))
	}
	if err := r.Start(); err != nil {
		return plain(err)
	}
	fmt.Fprintf(stderr, "sigio trace: listening on %s; send something, Ctrl-C ends\n", listeners(r.Stats()))
	printed := make(chan error, 1)
	go func() { printed <- t.print(cmd.OutOrStdout(), format) }()
	select {
	case <-ctx.Done():
	case <-r.Done():
		err = r.Err()
	case err = <-printed: // the output is gone
		printed <- nil
	}
	ending, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if ended := r.Shutdown(ending); err == nil {
		err = ended
	}
	close(t.events) // nobody adds any more
	if last := <-printed; err == nil {
		err = last
	}
	if n := t.missed.Load(); n > 0 {
		fmt.Fprintf(stderr, "sigio trace: %d events came too fast to be shown\n", n)
	}
	told.each(func(text string) { fmt.Fprintf(stderr, "sigio trace: warning: %s\n", text) })
	fmt.Fprintf(stderr, "sigio trace: %s\n", accountText(r.Stats()))
	return err
}

func (t *live) add(e liveEvent) {
	select {
	case t.events <- e:
	default:
		t.missed.Add(1)
	}
}

// observe is given every signal, before anything is made of it.
func (t *live) observe(r *siginfo.Record) {
	e := liveEvent{at: time.Now(), record: *r}
	info := r.Info()
	if fd, _, ok := info.Poll(); ok {
		e.descriptor = describeDescriptor(fd)
	}
	t.add(e)
}

// Append implements receiver.Output: showing a message is delivering it.
func (t *live) Append(m *message.Message, r receiver.Receipt) bool {
	t.add(liveEvent{at: time.Now(), message: string(message.AppendText(nil, m))})
	r.Delivered(1)
	return true
}

// Room implements receiver.Output. There is always room.
func (t *live) Room(f func()) { f() }

// describeDescriptor says what a socket is, as far as it is still the one that was
// meant.
func describeDescriptor(fd int) string {
	kind, listening, err := sys.Kind(fd)
	if err != nil {
		return "closed by now, or no socket"
	}
	name := strings.ToUpper(kind.String())
	local, _ := sys.LocalAddr(fd)
	peer, err := sys.PeerAddr(fd)
	switch {
	case listening:
		return fmt.Sprintf("listening socket, %s %v", name, local)
	case err == nil && peer.IsValid():
		return fmt.Sprintf("connection, %s %v from %v", name, local, peer)
	}
	return fmt.Sprintf("socket, %s %v", name, local)
}

// print prints events until there are no more.
func (t *live) print(out io.Writer, format string) error {
	show := t.printer(out, format)
	for e := range t.events {
		if err := show(e); err != nil {
			return err
		}
	}
	return nil
}

func (t *live) printer(out io.Writer, format string) func(liveEvent) error {
	if format == "json" {
		return func(e liveEvent) error { return encodeLive(out, e) }
	}
	p := painter(out)
	told := map[string]bool{}
	const indent = "                 "
	return func(e liveEvent) error {
		at := p.faint(e.at.Format("15:04:05.000000")) + "  "
		if e.message != "" {
			_, err := fmt.Fprintf(out, "%s%s %s", at, p.bold("message:"), e.message)
			return err
		}
		fmt.Fprintf(out, "%s%s\n", at, describeSignal(p, &e.record))
		fmt.Fprint(out, wrap(e.descriptor, indent, width))
		meaning := liveMeaning(&e.record)
		if told[meaning] {
			return nil
		}
		told[meaning] = true
		_, err := fmt.Fprint(out, p.faint(wrap(meaning, indent, width)))
		return err
	}
}

// liveMeaning explains a signal. The loop's own are known by their sender.
func liveMeaning(r *siginfo.Record) string {
	info := r.Info()
	if pid, _, ok := info.Sender(); ok && pid == os.Getpid() && info.Code == siginfo.Queue {
		return "The loop's own: another thread gave it something to do, and woke it."
	}
	return info.Explain()
}

// liveJSON is the stable form of an event.
type liveJSON struct {
	At         time.Time     `json:"at"`
	Signal     *siginfo.Info `json:"signal,omitempty"`
	Descriptor string        `json:"descriptor,omitempty"`
	Meaning    string        `json:"meaning,omitempty"`
	Message    string        `json:"message,omitempty"`
}

func encodeLive(out io.Writer, e liveEvent) error {
	v := liveJSON{At: e.at, Descriptor: e.descriptor, Message: strings.TrimSuffix(e.message, "\n")}
	if e.message == "" {
		info := e.record.Info()
		v.Signal, v.Meaning = &info, liveMeaning(&e.record)
	}
	return printJSON(out, []liveJSON{v})
}
