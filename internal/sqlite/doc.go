// Package sqlite keeps messages in a SQLite database, and finds them again.
//
// A [Store] is what an output.Writer writes to: one transaction for each Write. [Open]'s database
// has one table,
//
//	messages(received_at, user, time, text, send_id, extra, transport, peer, flags)
//
// whose primary key is the time of arrival in nanoseconds since 1970, raised by as little as makes
// it unique. So the table itself is the index by time, and the index by user, which holds that key
// beside the user as every index does (https://www.sqlite.org/queryplanner.html), finds one user's
// newest without sorting.
//
// The journal is a write-ahead log: readers and the writer do not wait for one another.
package sqlite
