package sigio

// Stats is the account that a loop keeps of its signals. Whenever it is read,
//
//	Received = Delivered + Merged + Stale + Foreign + Wakeups + Overflows
type Stats struct {
	// Received counts the signals taken from the queue.
	Received uint64
	// Delivered counts the signals that led to a call of a handler.
	Delivered uint64
	// Merged counts the signals that joined another one's call.
	Merged uint64
	// Stale counts I/O signals for a descriptor that is not watched (any more).
	Stale uint64
	// Foreign counts signals that the kernel did not send for an I/O event and
	// that are not the loop's own: somebody used kill(2) or sigqueue(3).
	Foreign uint64
	// Wakeups counts the loop's own signals, by which Post wakes it.
	Wakeups uint64
	// Overflows counts the kernel's marks (plain SIGIO) that events could not
	// be queued. One mark may stand for many events. On the portable back end
	// every signal is such a mark.
	Overflows uint64

	// Sweeps counts how often every descriptor was looked at for lost events.
	Sweeps uint64
	// Calls counts calls of handlers, for whatever reason.
	Calls uint64
	// Hot counts how often the signals of a descriptor were switched off because
	// it was ready again and again; see Options.Linger.
	Hot uint64
	// Repaired counts descriptors found with another owner, signal or flags
	// than the loop had given them, and armed again.
	Repaired uint64
	// Restarts counts threads that ended under the loop (runtime.Goexit in a
	// handler) and were replaced.
	Restarts uint64
	// Watches is the number of descriptors watched now.
	Watches int
}

// Add adds other to s, field by field.
func (s *Stats) Add(other Stats) {
	s.Received += other.Received
	s.Delivered += other.Delivered
	s.Merged += other.Merged
	s.Stale += other.Stale
	s.Foreign += other.Foreign
	s.Wakeups += other.Wakeups
	s.Overflows += other.Overflows
	s.Sweeps += other.Sweeps
	s.Calls += other.Calls
	s.Hot += other.Hot
	s.Repaired += other.Repaired
	s.Restarts += other.Restarts
	s.Watches += other.Watches
}
