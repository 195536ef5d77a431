package main

import (
	"io"
	"maps"
	"slices"
	"time"

	"github.com/seed-067c1534/sigio/internal/sqlite"
	"github.com/seed-067c1534/sigio/output"
)

// sink is where an output's queue writes to. Reopen is what SIGHUP asks for.
type sink interface {
	io.Writer
	Reopen() error
	Close() error
}

// outputPlan is an output that was understood but not opened yet, so that a wrong command line
// changes nothing.
type outputPlan struct {
	name    string
	options output.Options
	raw     bool // it prints messages as they came
	// open opens the sink; nil for standard output.
	open func() (sink, error)
	// details returns what the sink counts by itself, and what went wrong in the background.
	details func(sink) (map[string]uint64, error)
}

// outputKinds are the schemes of --output. Each reads its parameters from the URL and says how to
// open the output.
var outputKinds = map[string]func(u *outputURL, format string) *outputPlan{
	"stdout": planStdout,
	"file":   planFile,
	"sqlite": planSQLite,
	"nats":   planNATS,
}

func outputSchemes() string {
	var list []string
	for _, scheme := range slices.Sorted(maps.Keys(outputKinds)) {
		switch scheme {
		case "stdout":
			list = append(list, "stdout:")
		case "nats":
			list = append(list, "nats://HOST/STREAM.subject")
		default:
			list = append(list, scheme+":PATH")
		}
	}
	return enumerate(list)
}

// queueSize is what waits for an output at most, unless it says otherwise.
const queueSize = 16 << 20

// planQueue reads the parameters that every output has.
func planQueue(u *outputURL, size int64) *outputPlan {
	p := &outputPlan{name: u.text}
	p.options.DropOldest = u.choice("policy", "block", "drop-oldest") == "drop-oldest"
	queue := u.size("queue", size)
	if queue > 1<<30 {
		u.wrong("queue", "want 1GiB at most")
	}
	p.options.Limit = int(queue)
	return p
}

// planLines reads the parameters of an output of lines.
func planLines(u *outputURL, format string, size int64) *outputPlan {
	p := planQueue(u, size)
	if name := u.choice("format", "", "text", "json", "raw"); name != "" {
		format = name
	}
	p.options.Format = formats[format]
	p.raw = format == "raw"
	return p
}

func planStdout(u *outputURL, format string) *outputPlan {
	if u.path != "" && u.err == nil {
		u.err = usagef("%s: want stdout: alone, or file:%s", u.text, u.path)
	}
	p := planLines(u, format, output.DefaultLimit)
	p.name = "standard output"
	return p
}

func planFile(u *outputURL, format string) *outputPlan {
	u.wantPath("messages.log")
	p := planLines(u, format, queueSize)
	p.options.Persist = true
	o := output.FileOptions{
		RotateSize:  u.size("rotate-size", 0),
		RotateEvery: u.duration("rotate-every", 0),
		Keep:        u.count("keep"),
		Compress:    u.choice("compress", "none", "gzip") == "gzip",
	}
	switch fsync := u.take("fsync"); fsync {
	case "", "never":
		o.Sync = output.SyncNever
	case "always":
		o.Sync = output.SyncAlways
	default:
		var ok bool
		if o.Sync, ok = parseLong(fsync); !ok || o.Sync < time.Millisecond {
			u.wrong("fsync", "want never, always, or a time such as 1s")
		}
	}
	if o.RotateSize == 0 && o.RotateEvery == 0 && (o.Keep > 0 || o.Compress) && u.err == nil {
		u.err = usagef("%s: keep and compress are for files that are full: want rotate-size or rotate-every as well", u.text)
	}
	p.open = func() (sink, error) { return output.OpenFile(u.path, o) }
	p.details = func(s sink) (map[string]uint64, error) {
		st := s.(*output.File).Stats()
		return map[string]uint64{
			"rotations": st.Rotations, "compressed": st.Compressed, "removed": st.Removed, "failures": st.Failures,
		}, st.LastError
	}
	return p
}

// A transaction takes up to sqliteChunk bytes, some 40,000 messages; a new one begins at most every
// sqliteGather, unless so many are waiting.
const (
	sqliteChunk  = 4 << 20
	sqliteGather = 20 * time.Millisecond
)

func planSQLite(u *outputURL, _ string) *outputPlan {
	u.wantPath("messages.db")
	p := planQueue(u, queueSize)
	p.options.Persist = true
	p.options.Format = output.AppendRecord
	p.options.Chunk, p.options.Gather = sqliteChunk, sqliteGather
	o := sqlite.Options{
		Sync:   u.choice("fsync", "normal", "always") == "always",
		Dedupe: 24 * time.Hour,
	}
	if u.values.Get("dedupe") == "none" {
		u.take("dedupe")
		o.Dedupe = 0
	} else {
		o.Dedupe = u.duration("dedupe", o.Dedupe)
	}
	p.open = func() (sink, error) { return sqlite.Open(u.path, o) }
	p.details = func(s sink) (map[string]uint64, error) {
		st := s.(*sqlite.Store).Stats()
		return map[string]uint64{"rows": st.Rows, "duplicates": st.Duplicates}, nil
	}
	return p
}

// wantPath complains if there is no path.
func (u *outputURL) wantPath(example string) {
	if u.path == "" && u.err == nil {
		u.err = usagef("%s: want a path, such as %s:%s", u.text, u.scheme, example)
	}
}
