package main

import (
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// The value of every option can be carried to another command, and is then the same: a reload does
// it with those of the command line. And it can be written to a file and read back.
func TestSettingsCanBeCarried(t *testing.T) {
	t.Parallel()
	from, _ := serveCommand()
	n := 0
	settingFlags(from.Flags(), func(f *pflag.Flag) {
		n++
		to, _ := serveCommand()
		g := to.Flags().Lookup(f.Name)
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values := []string{"a, b", "c"}
			if f.Name == "allow" { // which is not for any text
				values = []string{"10.0.0.0/8", "::1/128"}
			}
			if err := list.Replace(values); err != nil {
				t.Errorf("%s: %v", f.Name, err)
			}
		}
		if f.Value.String() == "" {
			return // what has no text yet is never carried
		}
		if err := carry(f.Value, g); err != nil || tomlText(g) != tomlText(f) {
			t.Errorf("%s: %v; %s, want %s", f.Name, err, tomlText(g), tomlText(f))
		}
		cmd, options := serveCommand()
		s := &settings{options: options, flags: cmd.Flags(), origins: map[string]origin{}}
		var wrong complaints
		s.takeFile("x", f.Name+" = "+tomlText(f), &wrong)
		if got := s.flags.Lookup(f.Name); wrong != nil || tomlText(got) != tomlText(f) || s.where(f.Name) != "x:1" {
			t.Errorf("%s by a file: %v; %s, want %s", f.Name, wrong, tomlText(got), tomlText(f))
		}
	})
	if n < 10 {
		t.Errorf("only %d settings", n)
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"listen", "max-message", "max-connections", "output"}
	for name, want := range map[string]string{
		"listn": "listen", "max_message": "max-message", "MAX-MESSAGES": "max-message", "outputs": "output", "": "listen",
	} {
		if got := nearest(name, names); name != "" && got != want || got == "" {
			t.Errorf("nearest to %q is %q, want %q", name, got, want)
		}
	}
}

// The line is that of the key, not of what looks like it.
func TestKeyLine(t *testing.T) {
	t.Parallel()
	content := strings.Join([]string{
		`# format = "no"`, `stats = """`, `format = "no"`, `"""`, `listen = [`, `  "format = no",`, `]`, ` "format" = "x"`, `[tls.format]`, `[[ more ]]`, `a.b = 1`,
	}, "\n")
	for name, want := range map[string]int{"format": 8, "stats": 2, "listen": 5, "tls": 9, "more": 10} {
		if got := keyLine(content, name); got != want {
			t.Errorf("%s is in line %d, want %d", name, got, want)
		}
	}
}
