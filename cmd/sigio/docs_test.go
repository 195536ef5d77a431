package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What outputs count by themselves is in docs/observability.md, with what it means, and nothing else.
func TestEventsAreDocumented(t *testing.T) {
	t.Parallel()
	var counted []string
	files, _ := filepath.Glob("output_*.go")
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`"(\w+)": +st\.`).FindAllSubmatch(source, -1) {
			counted = append(counted, string(m[1]))
		}
	}
	page, err := os.ReadFile("../../docs/observability.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n### What is special to an output\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var told []string
	for _, m := range regexp.MustCompile("(?m)^\\| `\\w+:` \\| `(\\w+)` \\| [A-Z].*\\. \\| [A-Z].*\\. \\|$").FindAllStringSubmatch(section, -1) {
		told = append(told, m[1])
	}
	slices.Sort(counted)
	slices.Sort(told)
	if !slices.Equal(counted, told) || len(told) < 5 {
		t.Errorf("docs/observability.md tells of the events\n%q, outputs count\n%q", told, counted)
	}
}

// The table of docs/limits.md names options that there are, with their defaults.
func TestLimitsAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	flags := newServe().Flags()
	compared := 0
	for _, m := range regexp.MustCompile("(?m)^\\| [^|]+ \\| ([^|]+) \\| `--([\\w-]+).*?` \\|").FindAllStringSubmatch(string(page), -1) {
		f := flags.Lookup(m[2])
		if f == nil {
			t.Errorf("docs/limits.md names --%s, which there is not", m[2])
			continue
		}
		told, _, _ := strings.Cut(m[1], ", ") // what follows is when it is another
		told = strings.NewReplacer(" min", "m", ",", "", " ", "").Replace(told)
		if told[0] < '0' || told[0] > '9' || f.DefValue == "0s" || f.Value.Type() == "string" || m[2] == "output" {
			continue // words
		}
		compared++
		if told != f.DefValue {
			t.Errorf("docs/limits.md says that the default of --%s is %s, it is %s", m[2], m[1], f.DefValue)
		}
	}
	if compared < 6 {
		t.Errorf("compared %d defaults only", compared)
	}
}
