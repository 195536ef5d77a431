package spool

import (
	"time"

	"github.com/seed-067c1534/sigio/internal/jetstream"
)

// Options of a Spool. Either Dir or Remote.Servers is required.
type Options struct {
	Dir    string            // folder of an embedded store
	Remote jetstream.Options // a cluster; Stream and Subject are set by Open
	// Name tells this receiver from others that use the same cluster. It must be the same after a
	// restart. "" means "local".
	Name string

	MaxBytes int64         // bound of the stored bytes; 0 means DefaultMaxBytes
	MaxAge   time.Duration // what is older is given up; 0 means nothing is

	SyncAlways   bool          // wait for the disk before a message counts as delivered
	SyncInterval time.Duration // otherwise this long between syncs; 0 means DefaultSyncInterval

	// Dedupe is how long a send_id is remembered, if there are no more than 131,072 of them: a message
	// that comes again meanwhile is not stored again. 0 means DefaultDedupe, less than 0 not at all.
	Dedupe time.Duration

	Limit      int  // bytes that wait to be stored; 0 means output.DefaultLimit
	MaxMessage int  // of the receiver; 0 means 64 KiB
	KeepBody   bool // also store messages as they came, for outputs that print them raw
	Forget     bool // give up what is stored for outputs that are not named any more

	// Warn is told, in words, what an operator should know, such as damage that was repaired. It is
	// called on any goroutine and must not block.
	Warn func(text string)
}

// Defaults of Options.
const (
	DefaultMaxBytes     = 1 << 30
	DefaultSyncInterval = time.Second
	DefaultDedupe       = 2 * time.Minute
	defaultMaxMessage   = 64 << 10
)

// stream is the name of the stream, and the first part of its subjects.
const (
	stream        = "SIGIO_SPOOL"
	subjectPrefix = "sigio.spool."
)

func (o Options) complete() Options {
	if o.Name == "" {
		o.Name = "local"
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.SyncInterval == 0 {
		o.SyncInterval = DefaultSyncInterval
	}
	if o.Dedupe == 0 {
		o.Dedupe = DefaultDedupe
	}
	if o.MaxMessage == 0 {
		o.MaxMessage = defaultMaxMessage
	}
	if o.Warn == nil {
		o.Warn = func(string) {}
	}
	if o.Remote.Timeout == 0 {
		o.Remote.Timeout = jetstream.DefaultTimeout
	}
	o.Remote.Stream, o.Remote.Subject = stream, subjectPrefix+o.Name
	return o
}
