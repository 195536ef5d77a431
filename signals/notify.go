package signals

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/seed-067c1534/sigio/siginfo"
)

// channels are those that were given to Notify.
var channels struct {
	mu  sync.Mutex
	all map[chan<- siginfo.Info]*channel
}

// channel is a receiver that sends to a channel.
type channel struct {
	c      chan<- siginfo.Info
	signos []int  // guarded by channels.mu
	lost   uint64 // guarded by the hub
}

func (c *channel) deliver(r *siginfo.Record) {
	select {
	case c.c <- r.Info():
	default:
		c.lost++
	}
}

func (c *channel) lose(n uint64) { c.lost += n }

// Notify sends the named signals to c, each as its [siginfo.Info], until [Stop]. It
// is signal.Notify with more to tell: a second call with the same channel adds
// signals, several channels each get a copy, and the action that the signals had,
// such as ending the program, is off. Unlike there, the list may not be empty.
//
// Sending to c does not wait: if c is full, the signal is dropped and counted, see
// [Lost]. So c needs room for what may come at once; a [Reader] has a queue of its
// own.
//
// The error is [ErrRefused] for a signal that cannot be received (see [Check]) and
// errors.ErrUnsupported where there is no handler, which is everywhere but on
// Linux with amd64 or arm64. If there is an error nothing has changed. Notify may
// be called from any goroutine and does not wait for signals.
func Notify(c chan<- siginfo.Info, sig ...os.Signal) error {
	if c == nil {
		return errors.New("signals: Notify on a nil channel")
	}
	signos, err := numbers(sig)
	if err != nil {
		return err
	}
	channels.mu.Lock()
	defer channels.mu.Unlock()
	r := channels.all[c]
	if r == nil {
		r = &channel{c: c}
	}
	signos = without(signos, r.signos)
	if err := process.add(r, signos); err != nil {
		return err
	}
	r.signos = append(r.signos, signos...)
	if channels.all == nil {
		channels.all = map[chan<- siginfo.Info]*channel{}
	}
	channels.all[c] = r
	return nil
}

func without(list, these []int) (rest []int) {
	for _, n := range list {
		found := false
		for _, m := range these {
			found = found || n == m
		}
		if !found {
			rest = append(rest, n)
		}
	}
	return rest
}

// Stop ends what Notify began for c, and returns how many signals c has missed
// since then. After it nothing is sent to c. A signal that nobody else receives
// has its former action again (read with rt_sigaction(2) before it was changed),
// and with the last one the goroutine that served all ends. For a channel that is
// not in use Stop does nothing. It may be called from any goroutine, and waits for
// no receiver.
func Stop(c chan<- siginfo.Info) (lost uint64) {
	channels.mu.Lock()
	defer channels.mu.Unlock()
	r := channels.all[c]
	if r == nil {
		return 0
	}
	delete(channels.all, c)
	process.remove(r, r.signos)
	return r.lost
}

// Lost returns how many signals c has missed since Notify because it was full, or
// because signals came faster than they could be taken.
func Lost(c chan<- siginfo.Info) uint64 {
	channels.mu.Lock()
	defer channels.mu.Unlock()
	r := channels.all[c]
	if r == nil {
		return 0
	}
	process.mu.Lock()
	defer process.mu.Unlock()
	return r.lost
}

func refused(signo int, why error) error {
	return fmt.Errorf("signals: receive %s: %w", siginfo.SignalName(signo), refusal{why})
}

// refusal is a cause that also is ErrRefused, unless it is ErrUnsupported.
type refusal struct{ why error }

func (r refusal) Error() string { return r.why.Error() }
func (r refusal) Unwrap() error { return r.why }
func (r refusal) Is(target error) bool {
	return target == ErrRefused && !errors.Is(r.why, errors.ErrUnsupported)
}
