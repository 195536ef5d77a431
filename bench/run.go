package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio/bench/arena"
	"github.com/seed-067c1534/sigio/bench/report"
	"github.com/seed-067c1534/sigio/bench/workload"
)

// settings are the command line.
type settings struct {
	workloads, contestants, json, peer string
	rounds, loadCPU, serverCPU         int
	duration                           time.Duration
	quick, trace                       bool
	foreign                            float64
}

func parse(args []string) (s settings, err error) {
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.StringVar(&s.workloads, "workloads", "", "names or beginnings of names, separated by commas (default all)")
	f.StringVar(&s.contestants, "contestants", usual, "separated by commas; options after a colon each, as in sigio:spin=50us:batch=64")
	f.StringVar(&s.json, "json", "", "keep every run in `FILE`")
	f.StringVar(&s.peer, "peer", "", "compare with this contestant, where it takes part")
	f.IntVar(&s.rounds, "rounds", 5, "how often each contestant has its turn")
	f.DurationVar(&s.duration, "duration", 2*time.Second, "of one run")
	f.BoolVar(&s.quick, "quick", false, "each workload for a moment, to check replies and files, not speed")
	f.BoolVar(&s.trace, "calls", true, "count system calls with perf, in a run of its own, where that is possible")
	f.IntVar(&s.loadCPU, "load-cpu", 1, "the load's processor; -1: any")
	f.IntVar(&s.serverCPU, "server-cpu", -1, "the server's processor; -1: any")
	f.Float64Var(&s.foreign, "foreign", 0.08, "repeat a run (twice at most) if others used more than this `PART` of a processor")
	if err := f.Parse(args); err != nil {
		return s, err
	}
	if f.NArg() > 0 {
		return s, fmt.Errorf("unknown word %q", f.Arg(0))
	}
	if s.quick {
		s.rounds, s.duration, s.trace = 1, 200*time.Millisecond, false
	}
	if s.loadCPU >= runtime.NumCPU() {
		s.loadCPU = -1
	}
	return s, nil
}

// runner is one invocation.
type runner struct {
	settings
	arena   *arena.Arena
	entries []arena.Entry
	cases   []workload.Case
	report  report.Report
}

func run(args []string) error {
	s, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	r := &runner{settings: s}
	if r.cases, err = s.cases(); err != nil {
		return err
	}
	if r.entries, err = entries(s.contestants, os.Stderr); err != nil {
		return err
	}
	if r.arena, err = arena.New(); err != nil {
		return err
	}
	defer r.arena.Close()
	r.arena.Quick, r.arena.LoadCPU, r.arena.ServerCPU = s.quick, s.loadCPU, s.serverCPU
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-stop // the kernel ends the children
		r.arena.Close()
		os.Exit(130)
	}()
	r.report = report.Report{
		Machine: report.ThisMachine(), Started: time.Now(), Command: args, Rounds: s.rounds, Duration: s.duration.String(),
	}
	return r.run()
}

// cases are those whose names begin with a name that was asked for.
func (s *settings) cases() (chosen []workload.Case, err error) {
	all := workload.All(workload.Options{Quick: s.quick, Duration: s.duration})
	if s.workloads == "" {
		return all, nil
	}
	var names []string
	for name := range strings.SplitSeq(s.workloads, ",") {
		if groups, ok := workload.Aliases[name]; ok {
			names = append(names, groups...)
			continue
		}
		names = append(names, name)
	}
	for _, name := range names {
		matched := false
		for _, c := range all {
			if c.Name != name && c.Group != name && !strings.HasPrefix(c.Name, name+"/") {
				continue
			}
			matched = true
			if !slices.ContainsFunc(chosen, func(other workload.Case) bool { return other.Name == c.Name }) {
				chosen = append(chosen, c)
			}
		}
		if !matched {
			return nil, fmt.Errorf("there is no workload %q; see list", name)
		}
	}
	return chosen, nil
}

// run goes through the cases. In each, every round has all contestants in turn, and
// begins with another one.
func (r *runner) run() error {
	failed := 0
	for _, c := range r.cases {
		line := describe(c)
		r.report.Cases = append(r.report.Cases, line)
		if why := lacks(c); why != "" {
			fmt.Printf("\n%s: skipped: %s\n", c.Name, why)
			continue
		}
		entries := r.takers(c)
		for round := range r.rounds {
			for i := range entries {
				failed += r.once(c, entries[(i+round)%len(entries)], round)
			}
		}
		if r.trace && slices.ContainsFunc(c.Metrics, func(m workload.Metric) bool { return m.Key == workload.Calls }) {
			for _, e := range entries {
				r.count(c, e)
			}
		}
		progress("")
		r.report.Table(os.Stdout, line, r.peer)
		if r.json != "" { // after each case: an interrupted run is not lost
			if err := r.report.Write(r.json); err != nil {
				return err
			}
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d runs failed", failed)
	}
	return nil
}

// takers are the contestants that take part in a case.
func (r *runner) takers(c workload.Case) (all []arena.Entry) {
	for _, e := range r.entries {
		switch {
		case c.Role != "" && !e.Takes(c.Role):
		case c.Only != nil && !c.Only(e.Contestant):
		case slices.Contains(c.Without, e.Name):
		default:
			all = append(all, e)
		}
	}
	return all
}

// once is one run. It returns 1 if that failed.
func (r *runner) once(c workload.Case, e arena.Entry, round int) int {
	run := report.Run{Case: c.Name, Contestant: e.Spec, Round: round}
	for range 3 {
		progress("%s, round %d of %d: %s", c.Name, round+1, r.rounds, e.Spec)
		m, err := c.Run(r.arena, e)
		if err != nil {
			run.Error = err.Error()
			break
		}
		run.Metrics = m
		if run.Disturbed = m["foreign"] > r.foreign && !r.quick; !run.Disturbed {
			break
		}
	}
	r.report.Runs = append(r.report.Runs, run)
	if run.Error != "" {
		return 1
	}
	return 0
}

// count adds the number of system calls to a contestant's first run in a case.
func (r *runner) count(c workload.Case, e arena.Entry) {
	progress("%s, system calls: %s", c.Name, e.Spec)
	r.arena.Trace = true
	m, err := c.Run(r.arena, e)
	r.arena.Trace = false
	calls, ok := m[workload.Calls]
	if err != nil || !ok {
		return
	}
	for _, run := range r.report.Runs {
		if run.Case == c.Name && run.Contestant == e.Spec && run.Error == "" {
			run.Metrics[workload.Calls] = calls
			return
		}
	}
}

// describe is a case as the report keeps it.
func describe(c workload.Case) report.Case {
	line := report.Case{Name: c.Name, Group: c.Group, X: c.X, Axis: c.Axis, Peer: c.Peer}
	for _, m := range c.Metrics {
		line.Metrics = append(line.Metrics, report.Metric{
			Key: m.Key, Title: m.Title, Unit: string(m.Unit), Less: m.Less, Difference: m.Difference,
		})
	}
	return line
}

// lacks says what a case needs that this machine has not.
func lacks(c workload.Case) string {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil && uint64(c.Files) > limit.Cur {
		return fmt.Sprintf("a process may open %d files here, and it needs %d", limit.Cur, c.Files)
	}
	return ""
}

// progress shows on a terminal what goes on.
func progress(format string, args ...any) {
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprintf(os.Stderr, "\r\x1b[K"+format, args...)
	}
}
