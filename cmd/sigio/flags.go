package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// choice is an option with a few possible values.
type choice struct {
	value *string
	among []string
}

// addChoice adds an option to flags, which are cmd's, with the first of among as
// its default, and lets a shell complete it.
func addChoice(cmd *cobra.Command, flags *pflag.FlagSet, value *string, name, usage string, among ...string) {
	*value = among[0]
	flags.Var(&choice{value, among}, name, usage)
	// It fails for an option that does not exist, or has a completion already.
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(among, cobra.ShellCompDirectiveNoFileComp))
}

func (c *choice) String() string { return *c.value }
func (c *choice) Type() string   { return strings.Join(c.among, "|") }
func (c *choice) Set(s string) error {
	if !slices.Contains(c.among, s) {
		return fmt.Errorf("want %s", enumerate(c.among))
	}
	*c.value = s
	return nil
}

func enumerate(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// size is an option that counts bytes: 512, 64KiB, 100MB.
type size int

var units = []struct {
	name  string
	bytes int
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

func (s *size) Type() string { return "SIZE" }
func (s *size) String() string {
	for _, u := range units {
		if *s >= size(u.bytes) && int(*s)%u.bytes == 0 {
			return strconv.Itoa(int(*s)/u.bytes) + u.name
		}
	}
	return strconv.Itoa(int(*s))
}

func (s *size) Set(text string) error {
	n, ok := parseBytes(text)
	if !ok || n == 0 || n > math.MaxInt32 {
		return fmt.Errorf("want a size such as 512, 64KiB or 100MB, below 2GiB")
	}
	*s = size(n)
	return nil
}

// rate is an option that counts messages in a second: 1000 or 1000/s.
type rate float64

func (r *rate) Type() string   { return "N/s" }
func (r *rate) String() string { return strconv.FormatFloat(float64(*r), 'f', -1, 64) }
func (r *rate) Set(text string) error {
	n, err := strconv.ParseFloat(strings.TrimSuffix(text, "/s"), 64)
	if err != nil || !(n >= 0 && n <= 1e9) {
		return fmt.Errorf("want messages per second, such as 1000 or 0.5/s")
	}
	*r = rate(n)
	return nil
}

// addresses is an option that may be given several times.
type addresses []string

func (a *addresses) Type() string   { return "URL" }
func (a *addresses) String() string { return strings.Join(*a, " ") }
func (a *addresses) Set(s string) error {
	*a = append(*a, s)
	return nil
}
