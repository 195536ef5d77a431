package main

import (
	"errors"
	"syscall"
	"time"
)

// stallWatch warns when an output fails for now, as with a full disk.
type stallWatch struct {
	branch  *branch
	say     func(format string, args ...any)
	stalled bool
	last    time.Time
}

const (
	stallEvery = 500 * time.Millisecond // between looks
	stallAgain = 30 * time.Second       // between warnings
)

func newStallWatches(o *outputs, say func(format string, args ...any)) (list []*stallWatch) {
	for _, b := range o.all() {
		list = append(list, &stallWatch{branch: b, say: say})
	}
	return list
}

func (w *stallWatch) look() {
	switch s := w.branch.writer.Stats(); {
	case s.Stalled && (!w.stalled || time.Since(w.last) >= stallAgain):
		w.stalled, w.last = true, time.Now()
		w.say("sigio serve: warning: %s: %v; %s kept and tried again", w.branch.name, bareCause(s.LastError), plural(s.Pending, "message"))
	case w.stalled && !s.Stalled:
		w.stalled = false
		w.say("sigio serve: %s takes messages again", w.branch.name)
	}
}

// bareCause is an error without the name of a file that is named already.
func bareCause(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return plain(err)
}
