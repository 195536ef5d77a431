package main

import (
	"time"

	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/receiver"
	"github.com/spf13/cobra"
)

func newServe() *cobra.Command {
	cmd, _ := serveCommand()
	return cmd
}

// serveCommand returns the command with where its options are kept.
func serveCommand() (*cobra.Command, *serveOptions) {
	o := new(serveOptions)
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Receive messages, print them, and account for every one",
		Example: `sigio serve                         # UDP and TCP on localhost:8888
sigio serve --listen udp://:514 --listen tcp://:514
sigio serve --listen 'tls://:6514?cert=x.pem&key=x.key&input=syslog'
sigio serve --format json --stats stats.json > messages.jsonl
sigio serve --output 'file:x.log?rotate-every=24h' --output sqlite:x.db
kill -USR1 $(pidof sigio)           # the account, now`,
		Long: `Serve prints what it receives on standard output, and everything else on standard
error. A datagram is a message; a stream is divided into JSON objects, counted
frames or lines, by its first bytes.

Parameters of every --listen: input. Of streams: framing. Of tls: cert=FILE,
key=FILE, client-ca=FILE and tls=1.3. Of a path: mode=0660 and owner=USER:GROUP.
Of a multicast group, such as udp://239.1.2.3:5000: interface=NAME.

Each --output has a queue and an account of its own. Parameters of all:
policy=block (the default: a full queue stops reading) or drop-oldest, and
queue=SIZE. Of stdout: and file: format. Of file: rotate-size, rotate-every,
keep, compress=gzip, and fsync=never, always or a time. Of sqlite: fsync=normal
or always, and dedupe=TIME or none. Of nats: see docs/output-nats.md. SIGHUP opens
files anew.

SIGTERM or SIGINT ends it: what the kernel had received is read and printed, the
account is told, the exit code is 0. A second one ends it at once. SIGUSR1 tells
the account. In it, received is always delivered plus rejected.`,
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	f := cmd.Flags()
	f.Var(&o.listen, "listen", "udp://, tcp:// or tls://HOST:PORT, unix:// or unixgram://PATH, or systemd:NAME, with parameters behind a ?; repeatable (default udp://localhost:8888 and tcp://localhost:8888)")
	f.Var(&o.outputs, "output", "stdout:, file:PATH, sqlite:PATH or nats://HOST/STREAM.subject, with parameters behind a ?; repeatable (default stdout:)")
	o.inputs.add(cmd, f)
	o.spool.addFlags(cmd, f)
	addChoice(cmd, f, &o.format, "format", "text for people, json (an object a line), or raw (as it came, a line each)", "text", "json", "raw")
	addNumber(f, &o.workers, "workers", 1, 1, 1024, "`N` threads, each with a loop and sockets of its own")
	addChoice(cmd, f, &o.mode, "per-connection", "who reads a connection: the loop itself, or a goroutine for each", "loop", "goroutine")
	o.http.addFlags(f)
	f.StringVar(&o.stats, "stats", "", "write the account to `FILE` as JSON: at the start, at the end and on SIGUSR1")
	o.maxMessage, o.receiveBuffer = receiver.DefaultMaxMessage, receiver.DefaultReceiveBuffer
	f.Var(&o.maxMessage, "max-message", "reject messages that are longer")
	addNumber(f, &o.maxConnections, "max-connections", receiver.DefaultMaxConnections, 1, 1<<30, "with more than `N`, the one that was silent longest is closed; less where few files may be open")
	addSpan(f, &o.firstByte, "first-byte-timeout", receiver.DefaultFirstByteTimeout, "close a connection that says nothing for this `TIME`; 0: never")
	addSpan(f, &o.inMessage, "message-timeout", receiver.DefaultMessageTimeout, "close a connection whose message takes more than this `TIME`; 0: never")
	addSpan(f, &o.idle, "idle-timeout", receiver.DefaultIdleTimeout, "close a connection that is silent for this `TIME` after a message; 0: never")
	f.Var(&o.receiveBuffer, "receive-buffer", "where datagrams wait in the kernel, for each UDP socket")
	addSpan(f, &o.drain, "drain-timeout", 10*time.Second, "the `TIME` that printing what was received may take at the end")
	addNumber(f, &o.signal, "signal", 40, 35, 64, "use real-time signal `N`, 35 to 64")
	f.BoolVar(&o.raise, "raise-limits", false, "raise the limit of queued signals as far as allowed")
	f.StringVar(&o.configFile, "config", "", "settings from `FILE`, in TOML; options and SIGIO_... in the environment go before it")
	f.BoolVar(&o.checkOnly, "check", false, "print the settings that would hold, or what is wrong with them, and end")
	completeURLs(cmd, "listen", listenURLs...)
	completeURLs(cmd, "output", "stdout:", "file:", "sqlite:", "nats://")
	cmd.RunE = work(func(cmd *cobra.Command, _ []string) error {
		return configured(cmd, func(s *settings) error {
			return serve(cmd, s, cmd.OutOrStdout(), cmd.ErrOrStderr())
		})
	})
	return cmd, o
}

// serveOptions is the command line of serve.
type serveOptions struct {
	configFile                 string
	checkOnly                  bool
	listen                     addresses
	inputs                     inputOptions
	outputs                    addresses
	spool                      spoolOptions
	format, mode, stats        string
	workers, maxConnections    int
	maxMessage, receiveBuffer  size
	firstByte, inMessage, idle time.Duration
	drain                      time.Duration
	signal                     int
	raise                      bool
	http                       httpOptions
}

var formats = map[string]func([]byte, *message.Message) []byte{
	"text": message.AppendText, "json": message.AppendJSON, "raw": message.AppendRaw,
}

var modes = map[string]receiver.Mode{"loop": receiver.Loop, "goroutine": receiver.Goroutine}

// config is what o means to a receiver.
func (o *serveOptions) config() receiver.Config {
	cfg := receiver.Config{
		Listen:           o.listen,
		Sockets:          passedSockets(),
		Workers:          o.workers,
		PerConnection:    modes[o.mode],
		MaxMessage:       int(o.maxMessage),
		MaxConnections:   o.maxConnections,
		FirstByteTimeout: never(o.firstByte),
		MessageTimeout:   never(o.inMessage),
		IdleTimeout:      never(o.idle),
		ReceiveBuffer:    int(o.receiveBuffer),
	}
	o.inputs.configure(&cfg)
	cfg.Loop.Signal = o.signal
	cfg.Loop.RaiseQueueLimit = o.raise
	return cfg
}

// never turns what no time-out is on the command line into what it is to a
// receiver.
func never(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}
