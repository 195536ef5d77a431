package main

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seed-067c1534/sigio/internal/spelling"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// span is an option that is a time: 90s, 5m, 24h or 7d. What is below least is
// refused, except 0, whose meaning the option says.
type span struct {
	value *time.Duration
	least time.Duration
}

// addSpan adds an option to f, with what value has as its default.
func addSpan(f *pflag.FlagSet, value *time.Duration, name string, stand time.Duration, usage string) *span {
	*value = stand
	s := &span{value: value}
	f.Var(s, name, usage)
	return s
}

func (s *span) Type() string { return "TIME" }
func (s *span) String() string {
	text := s.value.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func (s *span) Set(text string) error {
	d, ok := parseLong(text)
	if zero, err := time.ParseDuration(text); err == nil && zero == 0 {
		d, ok = 0, true
	}
	switch {
	case !ok:
		return errors.New("want a time such as 90s, 5m, 24h or 7d")
	case d != 0 && d < s.least:
		return fmt.Errorf("want %v at least", s.least)
	}
	*s.value = d
	return nil
}

// count is an option that counts.
type count struct {
	value       *int
	least, most int
}

// addNumber adds an option to f. A most of 0 is none.
func addNumber(f *pflag.FlagSet, value *int, name string, stand, least, most int, usage string) {
	*value = stand
	f.Var(&count{value, least, most}, name, usage)
}

func (n *count) Type() string   { return "int" }
func (n *count) String() string { return strconv.Itoa(*n.value) }
func (n *count) Set(text string) error {
	v, err := strconv.Atoi(text)
	switch {
	case err == nil && v >= n.least && (n.most == 0 || v <= n.most):
		*n.value = v
		return nil
	case n.most == 0:
		return fmt.Errorf("want a number from %d", n.least)
	}
	return fmt.Errorf("want a number from %d to %d", n.least, n.most)
}

// optionError is what pflag says is wrong with an option, in the words of all the
// other complaints.
func optionError(cmd *cobra.Command, err error) error {
	var value *pflag.InvalidValueError
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	switch {
	case errors.As(err, &value):
		return fmt.Errorf("--%s %s: %w", value.GetFlag().Name, cmp.Or(value.GetValue(), "''"), valueError(value.Unwrap()))
	case errors.As(err, &missing):
		return fmt.Errorf("--%s wants a value, %s", missing.GetFlag().Name, missing.GetFlag().Value.Type())
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		return fmt.Errorf("there is no option -%s", unknown.GetSpecifiedName())
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		text := fmt.Sprintf("there is no option --%s", name)
		if near := nearOption(cmd, name); near != "" {
			text += fmt.Sprintf(", did you mean --%s?", near)
		}
		return errors.New(text)
	}
	return err
}

// nearOption returns the option of cmd that is spelled nearly like name, "" if none is.
func nearOption(cmd *cobra.Command, name string) string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	return spelling.Likely(strings.ReplaceAll(strings.ToLower(name), "_", "-"), names)
}

// valueError is err, of an option's Set, without the words of package strconv.
func valueError(err error) error {
	if number := (*strconv.NumError)(nil); errors.As(err, &number) && number.Func == "ParseBool" {
		return errors.New("want true or false")
	}
	return err
}

// listenURLs are the beginnings of what --listen takes.
var listenURLs = []string{"udp://", "tcp://", "tls://", "unix://", "unixgram://", "systemd:"}

// completeURLs lets a shell complete the beginnings of an option's URLs.
func completeURLs(cmd *cobra.Command, option string, schemes ...string) {
	// It fails for an option that does not exist, or has a completion already.
	_ = cmd.RegisterFlagCompletionFunc(option, cobra.FixedCompletions(schemes, cobra.ShellCompDirectiveNoSpace|cobra.ShellCompDirectiveNoFileComp))
}
