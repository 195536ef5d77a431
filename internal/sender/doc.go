// Package sender is the client's side: it sends messages as `sigio send` does, and
// as tests and the demonstration need them. It uses nothing of the event loop, only package net, so
// that what it shows about a receiver does not depend on the receiver's own code.
//
// A message is what the first clients sent: one JSON object with send_user, send_time (local time,
// like "2026-11-22 21:14:00") and send_msg; one datagram, or a connection that carries the object,
// without a newline, and is closed.
package sender
