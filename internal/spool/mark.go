package spool

import (
	"fmt"
	"os"
	"path/filepath"
)

// The file "last" in the folder says, up to a second ago, how far the series of stored messages had
// come. The store cuts itself where it is damaged, and cannot know what was behind that: this tells.

func (s *Spool) markPath() string { return filepath.Join(s.options.Dir, "last") }

// mark writes the file if there is something new. The janitor calls it, and Close.
func (s *Spool) mark() {
	now := s.sink.series()
	if s.host == nil || now == s.marked {
		return
	}
	next := s.markPath() + ".new"
	if os.WriteFile(next, fmt.Appendf(nil, "%d %d\n", now.epoch, now.first), 0o600) == nil && os.Rename(next, s.markPath()) == nil {
		s.marked = now
	}
}

// compare warns if the store has less than the file says.
func (s *Spool) compare() {
	content, err := os.ReadFile(s.markPath())
	if s.host == nil || err != nil {
		return
	}
	var was header
	if _, err := fmt.Sscanf(string(content), "%d %d", &was.epoch, &was.first); err != nil {
		return // torn: it says nothing
	}
	now := s.sink.series()
	switch {
	case was.epoch == now.epoch && was.first > now.first:
		s.options.Warn(fmt.Sprintf("spool %s: the store was damaged, and was cut: the last %d messages in it are lost for outputs that had not written them",
			s.options.Dir, was.first-now.first))
	case was.epoch != now.epoch && was.first > 0:
		s.options.Warn(fmt.Sprintf("spool %s: the store was damaged, and begins anew: what it held is lost for outputs that had not written it; %d messages had been stored in all",
			s.options.Dir, was.first))
	}
}
