package main

import (
	"slices"
	"strings"
	"sync"

	"github.com/seed-067c1534/sigio/receiver"
	"github.com/spf13/pflag"
)

// reloader carries out what SIGHUP asks for: other settings, without a restart, and files
// opened anew.
type reloader struct {
	again func() (*settings, error) // gathers and validates them anew
	say   func(format string, args ...any)

	mu  sync.Mutex // held during a reload
	now *settings  // those in force
}

// reloadable are the settings that a reload can change. All others wait for the next start.
var reloadable = map[string]bool{"listen": true, "drain-timeout": true}

// reload gathers the settings again and does what has changed. If anything is wrong with
// them it changes nothing. It may wait for a resolver, and for a write to a file.
func (r *reloader) reload(s *server) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.notify.reloading()
	r.change(s)
	if err := s.receiver.Reload(); err != nil {
		r.say("sigio serve: warning: %v", plain(err))
	}
	s.outputs.reopen(r.say)
	s.notify.ready(statusText(s.receiver.Stats()))
}

func (r *reloader) change(s *server) {
	fresh, err := r.again()
	var change receiver.Changes
	if err == nil {
		change, err = s.receiver.Listen(fresh.options.listen)
	}
	if err != nil {
		r.say("sigio serve: warning: the settings stay as they were: %v", plain(err))
		return
	}
	s.drain.Store(int64(fresh.options.drain))
	for _, url := range change.Opened {
		r.say("sigio serve: opened %s", url)
	}
	for _, url := range change.Closed {
		r.say("sigio serve: closing %s", url)
	}
	if waiting := differences(r.now, fresh); len(waiting) > 0 {
		r.say("sigio serve: warning: only the next start will change %s", strings.Join(waiting, ", "))
	}
	r.say("sigio serve: settings loaded, listening on %s", listeners(s.receiver.Stats()))
	r.now = fresh.with(r.now)
}

// with returns s as far as it is in force when old was before.
func (s *settings) with(old *settings) *settings {
	merged := *s
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	settingFlags(s.flags, func(f *pflag.Flag) {
		if reloadable[f.Name] {
			flags.AddFlag(f)
		} else {
			flags.AddFlag(old.flags.Lookup(f.Name))
		}
	})
	merged.flags = flags
	return &merged
}

// differences names the settings that differ and cannot be changed by a reload.
func differences(old, fresh *settings) (names []string) {
	settingFlags(fresh.flags, func(f *pflag.Flag) {
		if before := old.flags.Lookup(f.Name); !reloadable[f.Name] && tomlText(before) != tomlText(f) {
			names = append(names, f.Name)
		}
	})
	return slices.Clip(names)
}
