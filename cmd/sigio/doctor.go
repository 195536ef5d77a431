package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/seed-067c1534/sigio/internal/doctor"
	"github.com/spf13/cobra"
)

func newDoctor() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what this machine allows, and how to raise what is low",
		Example: `sigio doctor
sigio doctor --format json | jq 'select(.status != "ok")'`,
		Long: `Doctor looks at the kernel and its limits, and tries whether I/O signals work. It
changes nothing. A warning names a limit that sigio can live with. The exit
code is 1 only if sigio cannot do its work here.`,
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	addChoice(cmd, cmd.Flags(), &format, "format", "text for people, or json: an object for each check, one a line", "text", "json")
	cmd.RunE = work(func(cmd *cobra.Command, _ []string) error {
		checks := doctor.Examine()
		var err error
		if format == "json" {
			err = printJSON(cmd.OutOrStdout(), checks)
		} else {
			err = printChecks(cmd.OutOrStdout(), checks)
		}
		if err == nil && !doctor.Healthy(checks) {
			err = &failure{code: exitFailure}
		}
		return err
	})
	return cmd
}

// printJSON prints the values as JSON, one a line.
func printJSON[T any](out io.Writer, values []T) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for _, v := range values {
		if err := encoder.Encode(v); err != nil {
			return err
		}
	}
	return nil
}

func printChecks(out io.Writer, checks []doctor.Check) error {
	p := painter(out)
	mark := map[doctor.Status]string{
		doctor.OK: p.green("ok  "), doctor.Warn: p.yellow("warn"), doctor.Fail: p.red("FAIL"),
	}
	counts := map[doctor.Status]int{}
	for _, c := range checks {
		counts[c.Status]++
		value := strings.TrimLeft(wrap(c.Value, strings.Repeat(" ", 22), width), " ")
		fmt.Fprintf(out, "%s  %s  %s", mark[c.Status], p.bold(fmt.Sprintf("%-14s", c.Name)), value)
		fmt.Fprint(out, p.faint(wrap(c.Meaning, "      ", width)))
		if c.Fix != "" {
			fmt.Fprintf(out, "      to change it: %s\n", c.Fix)
		}
	}
	_, err := fmt.Fprintf(out, "\n%d ok, %d to look at, %d failed\n", counts[doctor.OK], counts[doctor.Warn], counts[doctor.Fail])
	return err
}
