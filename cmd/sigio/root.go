package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// newRoot builds the tree of commands. It has no state outside of itself, so that
// a test or the man pages may build another.
func newRoot(s streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "sigio",
		Short: "Receive messages by signal-driven I/O, and see the signals",
		Long: `Sigio receives messages over UDP and TCP and accounts for every
single one: delivered, or lost for a named cause. It works by signals, which the
kernel sends when a descriptor becomes ready, and it can show them.`,
		Example: `sigio demo                       # a first look, in a second
sigio serve                      # print what arrives on localhost:8888
sigio send 'hello, world'        # in another terminal`,
		Version:       version(),
		Args:          noCommand,
		SilenceErrors: true, // run prints them
		SilenceUsage:  true,
		RunE:          work(func(cmd *cobra.Command, _ []string) error { return cmd.Help() }),
	}
	root.SuggestionsMinimumDistance = 2
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.SetHelpFunc(help)
	root.SetFlagErrorFunc(optionError)
	root.SetVersionTemplate("sigio {{.Version}}\n")
	addChoice(root, root.PersistentFlags(), &colour, "color",
		"colour on a terminal: auto (not with NO_COLOR), always or never", "auto", "always", "never")
	root.AddCommand(
		newServe(), newSend(), newQuery(), newTrace(), newDemo(), newDoctor(),
		newCompletion(), newVersion(), newMan(),
	)
	root.SetHelpCommand(newHelp())
	root.InitDefaultHelpFlag()
	root.InitDefaultVersionFlag()
	root.Flags().Lookup("help").Usage = "show this text"
	root.Flags().Lookup("version").Usage = "print the version"
	for _, c := range root.Commands() {
		c.InitDefaultHelpFlag()
		c.Flags().Lookup("help").Usage = "show this text"
	}
	return root
}

// noCommand is what sigio says to a command that it does not have.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	text := fmt.Sprintf("there is no command %q", args[0])
	if near := cmd.Root().SuggestionsFor(args[0]); len(near) > 0 {
		text += ", did you mean " + strings.Join(near, " or ") + "?"
	}
	return errors.New(text)
}
