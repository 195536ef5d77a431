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

	Pending      int // messages without an outcome
	PendingBytes int // their bytes that are still to be written

	Retries   uint64 // writes that failed with an error that may pass, and were to be tried again
	Stalled   bool   // the most recent write failed
	LastError error  // of the most recent write that failed, nil if none ever did
}

// Stats returns the present state.
func (o *Writer) Stats() Stats {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.stats
}
