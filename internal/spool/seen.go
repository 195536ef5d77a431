package spool

import (
	"encoding/binary"
	"hash/maphash"
	"sync/atomic"
	"time"

	"github.com/seed-067c1534/sigio/message"
)

// A sender that was not told that a message is delivered sends it again, with the same send_id. seen
// remembers which have come, so that the second is not stored: it becomes no bytes at all, and since
// the queue in front of the store is in order, it is delivered as soon as the first one is.
//
// It forgets in two steps: ids are added to the young, which become the old ones when they are too
// many, or a window has passed. It is used under the lock of the Writer in front of the store.
type seen struct {
	window     time.Duration
	seed       [2]maphash.Seed
	young, old map[key]struct{}
	begun      time.Time // of the young
	scratch    []byte

	duplicates atomic.Uint64 // counted by format
	last       atomic.Int64  // when an id came last, in Unix nanoseconds
}

// key stands for a user and a send_id. With 128 bits two of them are never equal by chance.
type key [2]uint64

// seenMax is how many ids either half takes: some 5 MB.
const seenMax = 1 << 17

func newSeen(window time.Duration) *seen {
	return &seen{window: window, seed: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		young: map[key]struct{}{}, old: map[key]struct{}{}}
}

// again says whether m has come before, and remembers it. What has no send_id never has.
func (s *seen) again(m *message.Message, now time.Time) bool {
	if m.ID == nil || s.window <= 0 {
		return false
	}
	s.scratch = binary.AppendUvarint(s.scratch[:0], uint64(len(m.User)))
	s.scratch = append(append(s.scratch, m.User...), m.ID...)
	k := key{maphash.Bytes(s.seed[0], s.scratch), maphash.Bytes(s.seed[1], s.scratch)}
	s.forget(now)
	s.last.Store(now.UnixNano())
	_, young := s.young[k]
	_, old := s.old[k]
	if !young && !old {
		s.young[k] = struct{}{}
		return false
	}
	return true
}

func (s *seen) forget(now time.Time) {
	age := now.Sub(s.begun)
	if age <= s.window && len(s.young) < seenMax {
		return
	}
	s.young, s.old = s.old, s.young
	clear(s.young)
	if age > 2*s.window {
		clear(s.old)
	}
	s.begun = now
}

// used says whether ids have come within the window. It may be called on any goroutine.
func (s *seen) used(now time.Time) bool { return now.UnixNano()-s.last.Load() <= int64(s.window) }
