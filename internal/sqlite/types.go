package sqlite

import "time"

// Options of a Store.
type Options struct {
	// Sync makes each transaction wait until it is on the disk (PRAGMA synchronous = FULL).
	// Otherwise a power failure may cost the last ones, but does not damage the database (NORMAL).
	Sync bool
	// Dedupe is how long a message with the send_id of an earlier one of the same user is taken for
	// the same message, sent again, and not stored. 0 stores all.
	Dedupe time.Duration
}

// Stats counts what a Writer cannot see.
type Stats struct {
	Rows       uint64 // stored
	Duplicates uint64 // not stored, because they had been before
}
