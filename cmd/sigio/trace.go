package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/seed-067c1534/sigio/internal/scenario"
	"github.com/spf13/cobra"
)

func newTrace() *cobra.Command {
	var list, all bool
	var listen addresses
	var format string
	cmd := &cobra.Command{
		Use:   "trace [NAME]",
		Short: "Show each signal that the kernel sends, and what it means",
		Example: `sigio trace                      # live: what happens on localhost:8888
sigio trace --list               # what can be provoked
sigio trace tcp-data             # provoke one, and explain it
sigio trace --all --format json  # all of them, an object each`,
		Long: `Without a NAME, trace receives messages as serve does, and shows every signal as
it comes, before anything is made of it. With a NAME it makes the thing happen
on sockets of its own, and exits with 1 if this kernel sends other signals than
those that are known.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("want one NAME, not %d", len(args))
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) (names []string, _ cobra.ShellCompDirective) {
			for _, s := range scenario.All() {
				names = append(names, s.Name+"\t"+s.Title)
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
	f := cmd.Flags()
	f.BoolVar(&list, "list", false, "list the names and what they are about")
	f.BoolVar(&all, "all", false, "provoke all, one after another")
	f.Var(&listen, "listen", "live: what to listen on, as for sigio serve (repeatable)")
	addChoice(cmd, f, &format, "format", "text for people, or json: an object for each signal, scenario or name, one a line", "text", "json")
	completeURLs(cmd, "listen", listenURLs...)
	cmd.RunE = work(func(cmd *cobra.Command, args []string) error {
		out := cmd.OutOrStdout()
		switch {
		case exclusive(list, all, listen != nil, len(args) > 0):
			return usagef("--list, --all, --listen and NAME exclude one another")
		case list:
			return listScenarios(out, format)
		case all:
			return playScenarios(cmd.Context(), out, format, scenario.All())
		case len(args) == 0:
			return traceLive(cmd, listen, format)
		}
		s, err := scenario.Find(args[0])
		if err != nil {
			return usagef("%v (sigio trace --list names them all)", err)
		}
		return playScenarios(cmd.Context(), out, format, []scenario.Scenario{s})
	})
	return cmd
}

// exclusive says whether more than one of them is true.
func exclusive(each ...bool) bool {
	n := 0
	for _, b := range each {
		if b {
			n++
		}
	}
	return n > 1
}

// playScenarios runs them and shows what happened. It fails if the kernel did
// something else than is known of it, or if nothing could be shown at all.
func playScenarios(ctx context.Context, out io.Writer, format string, all []scenario.Scenario) error {
	differ, skipped := 0, 0
	for i, s := range all {
		r, err := scenario.Run(ctx, s)
		if err != nil {
			return err
		}
		if r.Skipped != "" {
			skipped++
		} else if !r.Matched() {
			differ++
		}
		if format == "json" {
			err = encodeScenario(out, s, r)
		} else {
			if i > 0 {
				fmt.Fprintln(out)
			}
			err = printScenario(out, s, r)
		}
		if err != nil {
			return err
		}
	}
	switch {
	case differ > 0:
		return fmt.Errorf("this kernel differs in %d of %d scenarios", differ, len(all))
	case len(all) == 0:
		return fmt.Errorf("scenarios need Linux: %w", errors.ErrUnsupported)
	case skipped == len(all):
		return errors.New("this machine cannot show it")
	}
	return nil
}
