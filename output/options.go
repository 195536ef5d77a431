package output

import (
	"time"

	"github.com/seed-067c1534/sigio/message"
)

// The causes that a Receipt's Lost is given.
const (
	CauseClosed   = "output closed"     // writing failed for good, see Writer.Err
	CauseStalled  = "output stalled"    // Options.GiveUp passed while writing failed
	CauseDropped  = "output queue full" // Options.DropOldest made room for newer ones
	CauseShutdown = "shutdown"          // Close's context ended first, or Close was over
)

// Receipt is told what became of messages. A receiver has one for each source, say one for each
// listener. Its dynamic type must be comparable (a pointer is): consecutive messages with equal
// receipts are told in one call.
//
// Both methods are called on the Writer's own goroutine, or, after Close and with
// Options.DropOldest, on the one that calls Append. They must not block, must not call Close, and must not take a lock that is held while
// Append is called.
type Receipt = interface {
	// Delivered says that n more messages are written to the last byte.
	Delivered(n int)
	// Lost says that n more messages will never be written, or not as a whole, for one of the
	// causes of this package.
	Lost(n int, cause string)
}

// Options of a Writer. The zero value is ready for use.
type Options struct {
	// Format appends one encoded message to dst. nil means message.AppendText. Append calls it
	// under the Writer's lock, so it must not call the Writer.
	Format func(dst []byte, m *message.Message) []byte

	// Limit bounds what waits: the encoded bytes plus 32 bytes for each message. 0 means
	// DefaultLimit. The last message that gets in may exceed it. The memory of both buffers
	// together is about twice the limit at most.
	Limit int

	// Immediate writes every message without waiting for others, as is right for a terminal.
	// Otherwise a batch starts at the earliest a millisecond after the end of the last one, unless
	// 64 KiB are waiting: no message is held back for longer, one that comes after a quiet time not
	// at all, and in a steady stream many share a write.
	Immediate bool

	// DropOldest makes a full buffer drop the oldest messages that are not being written yet, Lost
	// with CauseDropped, for each new one, so that a slow output never stops the sources.
	DropOldest bool

	// Persist takes no error of Write as the end of the output: all are tried again. It is for an
	// output that mends itself, such as a File, which opens its file anew.
	Persist bool

	// Chunk is the most bytes of one Write, unless a single message is larger. 0 means DefaultChunk.
	Chunk int
	// Gather is the least time between batches, unless a chunk is waiting. 0 means DefaultGather.
	Gather time.Duration

	// GiveUp bounds how long messages are kept while writing fails with an error that may pass.
	// Then everything pending is Lost with CauseStalled, except a message that is written in part,
	// and the time begins anew. 0 means never: a full buffer then stops the sources, and nothing is
	// lost.
	GiveUp time.Duration
}

// DefaultLimit is used when Options.Limit is 0: 4 MiB.
const DefaultLimit = 4 << 20

// overhead is what the bookkeeping of a message is charged against Limit, so that very short
// messages are bounded too.
const overhead = 32
