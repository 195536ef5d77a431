// Package jetstream keeps messages in a stream of NATS JetStream, and finds them again.
//
// A [Publisher] is what an output.Writer writes to. Its format, [AppendRecord], makes a line of
// JSON of each message (message.AppendJSON). What is published is such lines:
//
//   - A message with a send_id is published alone, under a Nats-Msg-Id made of its user and its
//     send_id, so that it is stored once however often and by however many receivers it is
//     published within the stream's window for duplicates.
//   - Others share a published message, up to Options.Group bytes of lines, under a Nats-Msg-Id
//     that stays the same when publishing has to be repeated.
//
// An [Archive] reads them back. Consumers of other makes read lines of JSON.
package jetstream
