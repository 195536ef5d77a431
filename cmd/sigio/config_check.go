package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/seed-067c1534/sigio/receiver"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// configured gathers and validates the settings of a command line. With --check it
// prints them; otherwise they are used.
func configured(cmd *cobra.Command, use func(*settings) error) error {
	s, err := gatherValid(cmd)
	check, _ := cmd.Flags().GetBool("check")
	var wrong *usage
	var file *fs.PathError
	switch {
	case errors.As(err, &wrong) && (check || s.more() || errors.As(err, &file)):
		return &failure{exitFailure, err} // the command line may well be right
	case err != nil:
		return err
	case check:
		s.print(cmd.OutOrStdout())
		return nil
	}
	return use(s)
}

// gatherValid gathers the settings and validates them.
func gatherValid(cmd *cobra.Command) (*settings, error) {
	s, err := gather(cmd)
	switch {
	case s == nil:
		return nil, err
	case err == nil:
		return s, s.validate()
	}
	return s, &failure{exitFailure, errors.Join(err, s.validate())}
}

// more says whether there are settings from elsewhere than the command line.
func (s *settings) more() bool {
	for _, o := range s.origins {
		if o != fromCommandLine {
			return true
		}
	}
	return false
}

// validate says everything that is wrong with the settings, as far as can be told
// without opening anything.
func (s *settings) validate() error {
	o := s.options
	plans, wrongOutput := planOutputs(o.outputs, o.format)
	_, wrongSpool := o.spool.plan(plans, int(o.maxMessage))
	cfg := o.config()
	cfg.Output = checkOnly{}
	_, wrongListen := receiver.New(cfg)
	all := errors.Join(
		o.http.check(),
		s.wrong("output", wrongOutput),
		s.wrong("spool", wrongSpool),
		s.wrong("fsync", o.spool.check()),
		s.wrong("listen", wrongListen),
	)
	if all == nil {
		return nil
	}
	return &usage{all}
}

// wrong is err with the place of the setting that it is about.
func (s *settings) wrong(name string, err error) error {
	if err == nil {
		return nil
	}
	at, err := s.where(name), plain(err)
	switch {
	case at != fromCommandLine && at != fromDefault:
		return fmt.Errorf("%s: %s: %w", at, name, err)
	case name == "listen":
		return err // which says that it is about listening
	}
	return fmt.Errorf("--%s %w", name, err)
}

// checkOnly is an output for a receiver that is never started.
type checkOnly struct{ receiver.Output }

// print prints the settings as a file of settings, each with its origin.
func (s *settings) print(out io.Writer) {
	settingFlags(s.flags, func(f *pflag.Flag) {
		fmt.Fprintf(out, "%-46s # %s\n", f.Name+" = "+tomlText(f), s.where(f.Name))
	})
}

// tomlText is the value of f in TOML.
func tomlText(f *pflag.Flag) string {
	text := f.Value.String()
	if list, ok := f.Value.(pflag.SliceValue); ok {
		values := list.GetSlice()
		if f.Name == "listen" && len(values) == 0 {
			values = receiver.DefaultListen()
		}
		if f.Name == "output" && len(values) == 0 {
			values = []string{"stdout:"}
		}
		for i, v := range values {
			values[i] = strconv.Quote(v)
		}
		return "[" + strings.Join(values, ", ") + "]"
	}
	switch f.Value.Type() {
	case "bool", "int", "float64":
		return text
	}
	return strconv.Quote(text)
}
