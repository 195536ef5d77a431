// Package receiver takes messages from the network, by UDP and TCP, hands them to
// an output, and accounts for every single one.
//
// # The way of a message
//
// The kernel signals that a socket has something; the loop of package sigio calls
// the socket's handler on its thread; the handler reads what there is, finds the
// messages in it (package message) and gives each to the [Output]. There is no
// queue and no other thread in between, unless each connection is to have a
// goroutine of its own ([Goroutine]), which then sleeps until its signal.
//
// A datagram is one message. A stream is divided as [message.Framer] says; what is
// left when the peer ends the connection is a message too.
//
// Nothing is lost between the kernel and the output:
//
//   - Sockets are read, and connections accepted, until the kernel has no more.
//   - A connection is read once when it is accepted, before any signal is asked
//     for. One that has sent its message and ended by then costs four system calls.
//   - An output that is full stops the reading, not the timers and not a
//     shutdown. The message that it did not take is kept and offered again.
//   - [Receiver.Shutdown] reads what the kernel had received.
//
// # The account
//
// A message is received when its outcome is known: delivered, or rejected for a
// cause. So in [Stats], at every moment,
//
//	Received = Delivered + the sum of Rejected
//
// exactly, for each listener and in total. Beside it stand the messages whose
// outcome is not known yet (Pending) and the datagrams that the kernel dropped
// before anybody saw them (KernelDrops). The outcome comes from the output: a
// message that it is still writing is pending.
//
// # Bounds
//
// Everything that a peer could make grow is bounded, see [Config]. A connection
// has one clock at a time:
//
//	silent (no byte yet)      FirstByteTimeout  from its accept
//	in a message              MessageTimeout    from the message's first byte
//	between messages          IdleTimeout       from the last byte
//
// Time during which the output is full does not count. A connection holds memory
// for a message only while it is in one. If all these pieces together exceed
// MaxPartial, the connection that has been in its message for the longest is
// closed; if there are more connections than MaxConnections, or no descriptor for
// another one, the connection that has been silent for the longest is closed. So
// a flood of silent or slow clients takes nothing away from those that speak.
//
// Measured with 5000 silent connections, the process grew by 0.3 KiB for each with
// [Loop] and by 3 to 4 KiB with [Goroutine] (linux/amd64, Go 1.26). To this come, for each
// worker, about 0.1 MiB to read streams and up to 2 MiB to read datagrams, MaxPartial,
// and what the kernel keeps for a socket.
package receiver
