package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A setting of serve is an option, a variable of the environment and a key of the file
// of --config, all of one name: --max-message, SIGIO_MAX_MESSAGE, max-message. The first
// of these that is there decides. So there is one list of settings, that of the options.

// origin says where a setting has its value from.
type origin string

const (
	fromDefault     origin = "default"
	fromCommandLine origin = "command line"
)

// settings are the options of serve with the values that were put together for them.
type settings struct {
	options *serveOptions
	flags   *pflag.FlagSet
	origins map[string]origin // "" stands for the default
}

// notSettings are options that make no sense in a file.
var notSettings = map[string]bool{"config": true, "check": true, "help": true}

// settingFlags calls f for each option of serve that is a setting, in the order of their
// names.
func settingFlags(flags *pflag.FlagSet, f func(*pflag.Flag)) {
	flags.VisitAll(func(flag *pflag.Flag) {
		if !notSettings[flag.Name] && !flag.Hidden {
			f(flag)
		}
	})
}

func settingNames(flags *pflag.FlagSet) (names []string) {
	settingFlags(flags, func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}

// gather puts the settings together: what the command line line says, then the
// environment, then the file. It reads the last two anew each time.
func gather(line *cobra.Command) (*settings, error) {
	cmd, options := serveCommand()
	s := &settings{options: options, flags: cmd.Flags(), origins: map[string]origin{}}
	var err error
	line.Flags().Visit(func(f *pflag.Flag) {
		if to := s.flags.Lookup(f.Name); to != nil && err == nil {
			err = carry(f.Value, to)
			s.origins[f.Name] = fromCommandLine
		}
	})
	if err != nil {
		return nil, err
	}
	if s.origins["config"] == "" {
		options.configFile = os.Getenv(variable("config"))
	}
	var wrong complaints
	s.takeEnvironment(os.Getenv, &wrong)
	s.unknownVariables(os.Environ(), &wrong)
	if options.configFile != "" {
		content, err := os.ReadFile(options.configFile)
		if err != nil {
			return nil, fmt.Errorf("--config %s: %w", options.configFile, bareCause(err))
		}
		s.takeFile(options.configFile, string(content), &wrong)
	}
	if urls := passedURLs(); len(options.listen) == 0 && len(urls) > 0 {
		options.listen = urls
		s.origins["listen"] = "sockets that were passed"
	}
	return s, wrong.error()
}

// carry copies the value of an option to the same option of another command.
func carry(from pflag.Value, to *pflag.Flag) error {
	if list, ok := from.(pflag.SliceValue); ok {
		return to.Value.(pflag.SliceValue).Replace(list.GetSlice())
	}
	return to.Value.Set(from.String())
}

// set gives an option a value, or, if it is a list, values.
func set(f *pflag.Flag, values []string) error {
	list, isList := f.Value.(pflag.SliceValue)
	if isList {
		return list.Replace(values)
	}
	if len(values) != 1 {
		return fmt.Errorf("want one value, not a list")
	}
	return valueError(f.Value.Set(values[0]))
}

// where describes the origin of the setting name.
func (s *settings) where(name string) origin {
	if o := s.origins[name]; o != "" {
		return o
	}
	return fromDefault
}

// complaints are what is wrong with the settings: everything, so that nobody has to start
// again for each.
type complaints []string

func (c *complaints) add(format string, args ...any) { *c = append(*c, fmt.Sprintf(format, args...)) }

func (c complaints) error() error {
	if len(c) == 0 {
		return nil
	}
	return fmt.Errorf("%s", strings.Join(c, "\n"))
}

// These make addresses a pflag.SliceValue.

// GetSlice returns the addresses.
func (a *addresses) GetSlice() []string { return slices.Clone(*a) }

// Append adds an address.
func (a *addresses) Append(text string) error { return a.Set(text) }

// Replace sets all of them.
func (a *addresses) Replace(list []string) error {
	*a = slices.Clone(list)
	return nil
}
