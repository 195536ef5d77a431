package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Tell more about a command",
		Example: "sigio help serve",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("want one COMMAND, not %d", len(args))
			}
			return nil
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) (names []string, _ cobra.ShellCompDirective) {
			for _, c := range cmd.Root().Commands() {
				if len(args) == 0 && c.IsAvailableCommand() {
					names = append(names, c.Name()+"\t"+c.Short)
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: work(func(cmd *cobra.Command, args []string) error {
			of, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return usagef("%w", noCommand(cmd, args))
			}
			return of.Help()
		}),
	}
}

// help begins with examples, which most people came for (https://clig.dev).
func help(cmd *cobra.Command, _ []string) {
	out := cmd.OutOrStdout()
	p := painter(out)
	fmt.Fprintf(out, "%s\n", cmd.Short)
	if cmd.Example != "" {
		section(out, p, "Examples")
		for line := range strings.Lines(cmd.Example) {
			fmt.Fprintf(out, "  %s\n", strings.TrimRight(line, "\n"))
		}
	}
	section(out, p, "Usage")
	fmt.Fprintf(out, "  %s\n", useLine(cmd))
	if cmd.Long != "" {
		for paragraph := range strings.SplitSeq(cmd.Long, "\n\n") {
			fmt.Fprintf(out, "\n%s", wrap(paragraph, "", width))
		}
	}
	if cmd.HasAvailableSubCommands() {
		section(out, p, "Commands")
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() {
				fmt.Fprintf(out, "  %-11s %s\n", c.Name(), c.Short)
			}
		}
	}
	options(out, p, "Options", cmd.LocalFlags())
	options(out, p, "Options of every command", cmd.InheritedFlags())
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(out, "\n%s COMMAND --help tells more about one command.\n", cmd.CommandPath())
	}
}

func section(out io.Writer, p paint, title string) {
	fmt.Fprintf(out, "\n%s\n", p.bold(title+":"))
}

func options(out io.Writer, p paint, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	section(out, p, title)
	flags.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			name, text := describeOption(f)
			twoColumns(out, name, text)
		}
	})
}

// describeOption is what a user types for f, and what it does.
func describeOption(f *pflag.Flag) (name, text string) {
	value, text := pflag.UnquoteUsage(f)
	name = "    --" + f.Name
	if f.Shorthand != "" {
		name = "-" + f.Shorthand + ", --" + f.Name
	}
	if value != "" {
		name += " " + value
	}
	switch f.DefValue {
	case "", "false", "0", "0s", "[]":
		return name, text
	}
	return name, text + " (default " + f.DefValue + ")"
}

// twoColumns prints text beside name, or below it if name is long.
func twoColumns(out io.Writer, name, text string) {
	const left = 30
	text = wrap(text, strings.Repeat(" ", left), width)
	if name = "  " + name; len(name) <= left-2 {
		fmt.Fprintf(out, "%-*s%s", left, name, text[left:])
		return
	}
	fmt.Fprintf(out, "%s\n%s", name, text)
}

// noArguments is for commands that take none.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("want options only, not %q", args[0])
	}
	return nil
}

// useLine is one line of usage: what cobra prints, with commands and options in
// the order in which they are typed.
func useLine(cmd *cobra.Command) string {
	line := cmd.CommandPath()
	if cmd.HasAvailableSubCommands() {
		return line + " COMMAND [OPTION]..."
	}
	line += " [OPTION]..."
	if _, arguments, found := strings.Cut(cmd.Use, " "); found {
		line += " " + arguments
	}
	return line
}
