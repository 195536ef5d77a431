package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newCompletion() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print a script that completes commands and options in a shell",
		Example: `sigio completion bash > /etc/bash_completion.d/sigio
sigio completion zsh > "${fpath[1]}/_sigio"
sigio completion fish > ~/.config/fish/completions/sigio.fish`,
		Long: "SHELL is " + enumerate(shells) + ".",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("want one SHELL: %s", enumerate(shells))
			}
			return nil
		},
		ValidArgs: shells,
		RunE: work(func(cmd *cobra.Command, args []string) error {
			root, out := cmd.Root(), cmd.OutOrStdout()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(out, true)
			case "zsh":
				return root.GenZshCompletion(out)
			case "fish":
				return root.GenFishCompletion(out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(out)
			}
			return usagef("no completion for %q: want %s", args[0], enumerate(shells))
		}),
	}
}
