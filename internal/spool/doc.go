// Package spool stands between a receiver and its outputs, and loses nothing: a message is
// delivered, to the receiver, when a stream of NATS JetStream has it, and leaves the stream when
// every output has written it.
//
//	Append ─> output.Writer ─> stream ─┬─> consumer ─> output
//	   (many messages, one record)     └─> consumer ─> output
//
// The stream is one of an embedded nats-server, in a folder, without a port; or one of a cluster,
// with the same code. Each output is a durable consumer of it, at its own pace.
//
// # What is promised
//
//   - A message whose Receipt was told Delivered survives a kill -9 of the process, and with
//     Options.SyncAlways a power failure. Otherwise a power failure may cost the last
//     Options.SyncInterval.
//   - Each output gets it at least once, in the order of Append. After a crash the last ones may come
//     again; outputs that keep ids (SQLite, JetStream) store those with a send_id once.
//   - A full spool refuses messages (Append is false), and so does a full disk. Both are shown in
//     Stats, and end by themselves when there is room.
package spool
