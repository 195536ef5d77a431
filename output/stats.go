package output

// Stats is the state of a Writer at one moment. At every moment
//
//	messages that Append accepted = Written + Lost + Pending
//
// A message leaves Pending just before its Receipt is told.
type Stats struct {
	Written      uint64 // messages written to the last byte
	WrittenBytes uint64 // bytes written, also of messages that are not complete
	Lost         uint64 // messages told as Lost, for any cause
	LostBy       Losses // the same by cause

	Pending      int // messages without an outcome
	PendingBytes int // their bytes that are still to be written

	Retries   uint64 // writes that failed with an error that may pass, and were to be tried again
	Stalled   bool   // the most recent write failed
	LastError error  // of the most recent write that failed, nil if none ever did
}

// Losses counts lost messages by cause. It is no map, so that reading Stats costs no memory.
type Losses struct{ Closed, Stalled, Dropped, Shutdown uint64 }

// ByCause returns what is not zero, with the causes that a Receipt is told.
func (l Losses) ByCause() map[string]uint64 {
	counts := map[string]uint64{}
	for cause, n := range map[string]uint64{
		CauseClosed: l.Closed, CauseStalled: l.Stalled, CauseDropped: l.Dropped, CauseShutdown: l.Shutdown,
	} {
		if n > 0 {
			counts[cause] = n
		}
	}
	return counts
}

func (s *Stats) lose(n int, cause string) {
	s.Lost += uint64(n)
	switch cause {
	case CauseClosed:
		s.LostBy.Closed += uint64(n)
	case CauseStalled:
		s.LostBy.Stalled += uint64(n)
	case CauseDropped:
		s.LostBy.Dropped += uint64(n)
	case CauseShutdown:
		s.LostBy.Shutdown += uint64(n)
	}
}

// Stats returns the present state.
func (o *Writer) Stats() Stats {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.stats
}
