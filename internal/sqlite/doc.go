// Package sqlite keeps messages in a SQLite database, and finds them again.
//
// A [Store] is what an output.Writer writes to: one transaction for each Write. [Open]'s database
// has one table of messages, in the order of their arrival,
//
//	messages(id, received_at, user, time, text, send_id, extra, transport, peer, flags)
//
// with an index by time and one by user. Both are tables of their own, because an index of SQLite's
// costs more than the message itself: a place in a tree for each, that of its user at random. Here
// those that arrived together share a place (see chunk). The views by_time and by_user join them to
// the messages, for [Reader] and for everybody else:
//
//	SELECT * FROM by_user WHERE user = 'alice' ORDER BY latest DESC, first DESC, id DESC LIMIT 100
//
// reads no more than it prints. An id is not used twice, and grows with each message whatever the
// clock does.
//
// The journal is a write-ahead log: readers and the writer do not wait for one another.
package sqlite
