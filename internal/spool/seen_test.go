package spool

import (
	"fmt"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/message"
)

func TestSeen(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	with := func(user, id string) *message.Message {
		return &message.Message{User: []byte(user), ID: []byte(id)}
	}
	s := newSeen(time.Minute)
	for _, c := range []struct {
		m     *message.Message
		after time.Duration
		want  bool
	}{
		{with("a", "1"), 0, false},
		{with("a", "1"), 0, true},
		{with("", "a1"), 0, false}, // the same bytes, another user
		{with("a1", ""), 0, false},
		{&message.Message{User: []byte("a")}, 0, false},
		{&message.Message{User: []byte("a")}, 0, false},
		{with("a", "2"), 59 * time.Second, false},
		{with("a", "1"), time.Second, true},
		{with("a", "2"), 2 * time.Second, true},
		{with("a", "1"), 61 * time.Second, false}, // more than two windows after it was remembered
		{with("a", "1"), time.Hour, false},
	} {
		now = now.Add(c.after)
		if got := s.again(c.m, now); got != c.want {
			t.Errorf("%v: %s %s: %v", now.Unix(), c.m.User, c.m.ID, got)
		}
	}
	if newSeen(-1).again(with("a", "1"), now) {
		t.Error("switched off")
	}
}

// TestSeenIsBounded has more ids than are remembered.
func TestSeenIsBounded(t *testing.T) {
	t.Parallel()
	s := newSeen(time.Hour)
	now := time.Now()
	m := message.Message{User: []byte("u"), ID: []byte{}}
	for n := range 3 * seenMax {
		m.ID = fmt.Append(m.ID[:0], n)
		if s.again(&m, now) {
			t.Fatal("new, and yet seen:", n)
		}
		if n >= seenMax && n%1000 == 0 { // the last seenMax are remembered always
			if m.ID = fmt.Append(m.ID[:0], n-seenMax); !s.again(&m, now) {
				t.Fatal("forgotten:", n-seenMax)
			}
		}
	}
	if len(s.young) > seenMax || len(s.old) > seenMax {
		t.Error(len(s.young), len(s.old))
	}
}

func TestTail(t *testing.T) {
	t.Parallel()
	o := Options{MaxBytes: 80 << 20, Dedupe: time.Minute}.complete()
	l := newTail(o)
	now := time.Unix(1000, 0)
	for n := range uint64(100) {
		l.add(n+1, 1<<20, now)
	}
	if got := l.floor(now); got != 90 { // the newest 10 MiB stay
		t.Error("floor", got)
	}
	l.add(101, 100, now.Add(30*time.Second))
	if got := l.floor(now.Add(time.Minute)); got != 91 { // the size is what it was
		t.Error("floor", got)
	}
	if got := l.floor(now.Add(61 * time.Second)); got != 100 {
		t.Error("floor", got)
	}
	if got := l.floor(now.Add(time.Hour)); got != 101 {
		t.Error("floor", got)
	}
}
