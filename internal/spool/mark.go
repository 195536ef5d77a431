package spool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/nats-io/nats.go/jetstream"
)

// The file "last" in the folder says, up to a second ago, how far the series of stored messages had
// come, and how far each output: lines of numbers, the first of them of the series.
//
//	EPOCH NEXT
//	EPOCH NEXT SEQUENCE CONSUMER
//
// The store cuts itself where it is damaged, and removes what is too old also before anybody looks;
// it cannot know what that was. This tells. What outputs have is removed only when it is in here.

// place is how far an output is: up to a sequence number it has everything, and then comes the
// message with the number first.
type place struct {
	header
	seq uint64
}

// marks is what the file says.
type marks struct {
	series header
	places map[string]place // by the outputs' consumers
}

func (s *Spool) markPath() string { return filepath.Join(s.options.Dir, "last") }

func (s *Spool) readMarks() (m marks) {
	m.places = map[string]place{}
	content, err := os.ReadFile(s.markPath())
	if s.host == nil || err != nil {
		return m
	}
	for i, line := range slices.Collect(bytes.Lines(content)) {
		var at place
		var consumer string
		if i == 0 {
			_, err = fmt.Sscanf(string(line), "%d %d\n", &m.series.epoch, &m.series.first)
		} else if _, err = fmt.Sscanf(string(line), "%d %d %d %s\n", &at.epoch, &at.first, &at.seq, &consumer); err == nil {
			m.places[consumer] = at
		}
		if err != nil {
			break // torn: the rest says nothing
		}
	}
	return m
}

// mark writes the file if there is something new, and returns up to where every output has
// everything, as the file says. The janitor calls it, and Close.
func (s *Spool) mark() (floor uint64) {
	now := s.sink.series()
	text := fmt.Appendf(nil, "%d %d\n", now.epoch, now.first)
	for i, p := range s.feeding() {
		at := p.place()
		if i == 0 || at.seq < floor {
			floor = at.seq
		}
		text = fmt.Appendf(text, "%d %d %d %s\n", at.epoch, at.first, at.seq, p.durable)
	}
	if s.host == nil || bytes.Equal(text, s.marked) {
		return floor
	}
	next := s.markPath() + ".new"
	if os.WriteFile(next, text, 0o600) == nil && os.Rename(next, s.markPath()) == nil {
		s.marked = text
	} // if not, the disk is full: to make room is more than to know
	return floor
}

// compare warns if the store has less than the file says.
func (s *Spool) compare(was header) {
	now := s.sink.series()
	switch {
	case s.host == nil || was.first == 0:
	case was.epoch == now.epoch && was.first > now.first:
		s.options.Warn(fmt.Sprintf("spool %s: the store was damaged, and was cut: the last %d messages in it are lost for outputs that had not written them",
			s.options.Dir, was.first-now.first))
	case was.epoch != now.epoch:
		s.options.Warn(fmt.Sprintf("spool %s: the store was damaged, and begins anew: what it held is lost for outputs that had not written it; %d messages had been stored in all",
			s.options.Dir, was.first))
	}
}

// reckon looks where each output goes on, and counts what is gone in between: it was too old, while
// nobody was there to see it. After a kill that may be up to a second's messages too many.
func (s *Spool) reckon(ctx context.Context, str jetstream.Stream, was marks) error {
	for consumer, at := range was.places {
		end := s.sink.series()
		if at.epoch != end.epoch { // the store has begun anew
			s.begin[consumer] = beginning{missing: at.gap(was.series)}
			continue
		}
		m, err := str.GetMsg(ctx, at.seq+1, jetstream.WithGetMsgSubject(s.subject))
		if err == nil {
			if h, _, bad := parseHeader(m.Data); bad == nil {
				end = h
			}
		} else if !errors.Is(err, jetstream.ErrMsgNotFound) {
			return err
		}
		b := beginning{place: at, missing: at.gap(end)}
		b.header = end
		if last := s.sink.last.Load(); at.seq > last { // the store was cut, and numbers come again
			b.seq = 0
		}
		s.begin[consumer] = b
	}
	return nil
}

// beginning is where an output goes on, and how many messages are gone before that.
type beginning struct {
	place
	missing uint64
}
