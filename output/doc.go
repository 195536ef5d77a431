// Package output brings messages to standard output, or to any io.Writer, without ever making the
// thread that received them wait.
//
// A [Writer] holds two buffers. Append encodes a message into the front one and returns; a single
// goroutine takes the front buffer, writes it, and swaps again. While one write(2) is slow the
// other buffer fills, so batches grow by themselves exactly when they are needed, and a quick
// reader sees each message at once.
//
// A [File] is what a Writer writes to when the lines are to be kept: it begins new files by size and
// time. A [Fan] gives every message to several Writers. What keeps a message's parts apart, such as a
// database, is an io.Writer too, with [AppendRecord] as the Writer's format: each Write gets whole
// records, and what it returns with an error is tried again.
//
// # What becomes of a message
//
// The outcome of each message is reported exactly once to the [Receipt] that was given with it:
// Delivered after the last of its bytes was written, or Lost with a cause. Messages are written in
// the order in which they were appended, and a message is never left out in the middle of others
// except with a report.
//
// # When the output does not take any more
//
// A full buffer is not an error: Append says false, the caller stops reading from its sources, and
// the function given to Room is called when there is room again. With Options.DropOldest the oldest
// messages make room instead.
//
// An error that may pass (no space left, quota, EIO, EAGAIN and the like) keeps every byte and
// tries again, first after 10 ms, at last once a second. A message that such an error tore in the
// middle is continued where it was torn. bufio.Writer is not used because its first error is its
// last: it never writes again.
//
// Any other error, such as EPIPE, is taken as the end of the output: what is pending and what comes
// later is Lost with [CauseClosed], Done is closed and Err says why.
//
// A program that writes to standard output must make SIGPIPE harmless (signal.Notify with
// syscall.SIGPIPE will do), or the runtime ends the program when the reader of the pipe goes away,
// before Writer can see EPIPE: see "SIGPIPE" in package os/signal.
package output
