// Package message has the message that sigio receives: how it is read from bytes, how a stream of bytes is
// divided into messages, and how a message is written as one line.
//
// It does no I/O, starts no goroutine and keeps no global state. Its functions never panic on input and never
// block; time and memory are bounded by the length of what they are given.
//
// # A message
//
// The usual message is a JSON object with three strings:
//
//	{"send_user": "user0042", "send_time": "2026-11-22 21:14:00", "send_msg": "hello"}
//
// in any order, with an optional string send_id and with further members, which are kept. [Message.Parse]
// reads it. What is not such an object is a message too: its text becomes send_msg, and it is marked raw. So
// no bytes that somebody sent are ever refused for what they say.
//
// Where JSON parsers differ among themselves, this one is strict, and what it does not accept is raw:
//   - names are compared byte for byte after their escapes are resolved; "Send_User" is a further member
//   - each name occurs once in the object (RFC 7493, section 2.3): of two members with one name every reader
//     picks another. Objects further inside are not looked at for this
//   - null is not a string
//   - at most [MaxDepth] objects and arrays stand inside one another
//
// Lenient it is in two places. Bytes that are not UTF-8 are each replaced by U+FFFD, and the message is
// marked InvalidUTF8. An escape such as \ud800 that is half of a surrogate pair stands for U+FFFD, without a
// mark.
//
// # A stream
//
// [Framer] finds the messages in a stream of bytes that arrives cut anywhere. What the stream is made of, its
// first bytes decide, and it stays so: JSON objects one after another, frames that begin with their length
// (RFC 6587, section 3.4.1), or lines.
//
// # A line
//
// [AppendText], [AppendJSON] and [AppendRaw] write a message as one line. A line never holds a byte that a
// terminal could take for a command or that would forge a second line: control characters (U+0000 to U+001F,
// U+007F to U+009F), the marks that turn the direction of writing (U+061C, U+200E, U+200F, U+202A to U+202E,
// U+2066 to U+2069), and the separators U+2028 and U+2029 are written as visible escapes. The line is always
// valid UTF-8.
package message
