package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"syscall"

	"github.com/seed-067c1534/sigio/internal/spool"
	"github.com/seed-067c1534/sigio/internal/web"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// spoolOptions is what the command line says about the spool.
type spoolOptions struct{ where, fsync string }

// check finds a mistake that could cost messages: whoever wants each to be on the disk,
// but has no spool.
func (o *spoolOptions) check() error {
	if o.where == "" && o.fsync == "always" {
		return errors.New("is for --spool DIR; of a file or database it is a parameter: --output 'file:PATH?fsync=always'")
	}
	return nil
}

func (o *spoolOptions) addFlags(cmd *cobra.Command, f *pflag.FlagSet) {
	f.StringVar(&o.where, "spool", "", "store messages in the folder `DIR`, or at nats://HOST, until each output has written them")
	addChoice(cmd, f, &o.fsync, "fsync", "when the spool waits for the disk: interval (each second), or always, before a message counts as delivered", "interval", "always")
}

// leastSpool is for some records, each of which may be 256 KiB.
const leastSpool = 1 << 20

// plan understands what was said. It returns nil if there is to be no spool.
func (o *spoolOptions) plan(plans []*outputPlan, maxMessage int) (*spool.Options, error) {
	if o.where == "" {
		return nil, nil
	}
	name, query, _ := strings.Cut(o.where, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("%s: %v: want name=value&name=value behind the ?", o.where, err)
	}
	u := &outputURL{text: name, values: values}
	s := &spool.Options{SyncAlways: o.fsync == "always", MaxMessage: maxMessage}
	if hosts, remote := strings.CutPrefix(name, "nats://"); remote {
		s.Remote = natsServers(u, strings.TrimSuffix(hosts, "/"))
		s.Remote.Replicas = u.count("replicas")
		if s.Name = u.take("name"); s.Name == "" {
			s.Name, _, _ = strings.Cut(hostName(), ".")
		}
		if strings.ContainsAny(s.Name, " .*>") || s.Name == "" {
			return nil, fmt.Errorf("%s: name=%s: want a word, the same after each start", name, s.Name)
		}
		if maxMessage > 128<<10 {
			return nil, fmt.Errorf("%s: with --max-message above 128KiB a record may be more than a server takes", name)
		}
	} else {
		s.Dir = strings.TrimPrefix(name, "file://")
	}
	if s.MaxBytes = u.size("size", spool.DefaultMaxBytes); s.MaxBytes < leastSpool {
		u.wrong("size", "want 1MiB at least")
	}
	s.MaxAge = u.duration("age", 0)
	s.SyncInterval = u.duration("interval", spool.DefaultSyncInterval)
	if u.values.Get("dedupe") == "none" {
		u.take("dedupe")
		s.Dedupe = -1
	} else {
		s.Dedupe = u.duration("dedupe", spool.DefaultDedupe)
	}
	s.Forget = u.choice("forget", "no", "yes") == "yes"
	for _, p := range plans {
		if p.raw {
			s.KeepBody = true
		}
	}
	return s, u.done()
}

func hostName() string {
	name, _ := os.Hostname()
	return name
}

// openSpool puts a spool in front of the outputs.
func (o *outputs) openSpool(ctx context.Context, s *spool.Options, warn func(string)) error {
	if s == nil {
		return nil
	}
	s.Warn = warn
	var names []string
	for _, b := range o.list {
		names = append(names, b.name)
	}
	opened, err := spool.Open(ctx, *s, names)
	if err != nil {
		return err
	}
	o.spool, o.spoolName = opened, s.Dir
	if s.Dir == "" {
		o.spoolName = s.Remote.Servers
	}
	o.front = &branch{outputPlan: &outputPlan{name: "spool " + o.spoolName}, writer: opened.Front()}
	o.front.details = func(sink) (map[string]uint64, error) {
		return map[string]uint64{"duplicates": opened.Stats().Duplicates}, nil
	}
	for _, b := range o.list {
		opened.Feed(b.name, b.writer)
	}
	return nil
}

// spoolAccount is the spool's account, nil if there is none.
func (o *outputs) spoolAccount() *web.Spool {
	if o.spool == nil {
		return nil
	}
	st, front := o.spool.Stats(), o.front.writer.Stats()
	a := &web.Spool{
		Name: o.spoolName, Records: st.Records, Bytes: st.Bytes, MaxBytes: uint64(st.MaxBytes), Restarts: st.Restarts,
		Full: front.Stalled && (errors.Is(front.LastError, spool.ErrFull) || errors.Is(front.LastError, syscall.ENOSPC)),
	}
	if !st.Oldest.IsZero() {
		a.Oldest = st.Oldest.Unix()
	}
	for _, out := range st.Outputs {
		a.Outputs = append(a.Outputs, web.SpoolOutput{Name: out.Name, Behind: out.Behind, Missing: out.Missing})
	}
	return a
}

// all are the outputs, and the queue in front of the spool.
func (o *outputs) all() []*branch {
	if o.front == nil {
		return o.list
	}
	return append([]*branch{o.front}, o.list...)
}
