package jetstream

import "time"

// Options say where a stream is, how to get there, and what it is like if it has to be made.
type Options struct {
	Servers string // nats://host:port, separated by commas
	Stream  string
	Subject string

	Login       string // file with user:password, or a token, or ""
	Credentials string // file with a user's JWT and key (.creds), or ""
	NKey        string // file with a user's key, or ""
	CA          string // file with the certificates that sign the servers', or ""
	Cert, Key   string // files of the client's certificate, or ""

	// For a stream that is not there yet.
	Replicas int           // 0 means 1
	MaxBytes int64         // 0 means no bound
	MaxAge   time.Duration // 0 means for ever
	Window   time.Duration // in which a Nats-Msg-Id is stored once; 0 means DefaultWindow

	// Group bounds how many bytes of messages without a send_id are published together; 0 means
	// DefaultGroup, 1 makes each message stand alone.
	Group int
	// Timeout bounds connecting, and how long a stored message waits for its acknowledgement. 0
	// means DefaultTimeout.
	Timeout time.Duration
}

// Defaults of Options.
const (
	DefaultGroup   = 32 << 10
	DefaultWindow  = 2 * time.Minute
	DefaultTimeout = 5 * time.Second
	DefaultPort    = "4222"
)

func (o Options) complete() Options {
	if o.Replicas == 0 {
		o.Replicas = 1
	}
	if o.Window == 0 {
		o.Window = DefaultWindow
	}
	if o.MaxAge > 0 {
		o.Window = min(o.Window, o.MaxAge) // the server wants that
	}
	if o.Group == 0 {
		o.Group = DefaultGroup
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	return o
}
