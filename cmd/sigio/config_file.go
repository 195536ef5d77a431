package main

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/seed-067c1534/sigio/internal/spelling"
	"github.com/spf13/pflag"
)

// takeFile sets what neither the command line nor the environment has. Each key is the
// name of an option. All of content is checked, also what is not used.
func (s *settings) takeFile(path, content string, wrong *complaints) {
	var values map[string]any
	meta, err := toml.Decode(content, &values)
	if err != nil {
		wrong.add("%s:%s", path, syntaxError(err))
		return
	}
	names := settingNames(s.flags)
	seen := map[string]bool{}
	for _, key := range meta.Keys() {
		name := key[0]
		if seen[name] {
			continue // a part of a table that was complained about
		}
		seen[name] = true
		at := fmt.Sprintf("%s:%d", path, keyLine(content, name))
		f := s.flags.Lookup(name)
		if f == nil || notSettings[name] || f.Hidden {
			wrong.add("%s: there is no setting %q; the nearest is %s", at, name, nearest(name, names))
			continue
		}
		list, err := tomlValues(f, values[name])
		if err == nil {
			err = s.takeKey(f, list, origin(at))
		}
		if err != nil {
			wrong.add("%s: %s: %v", at, name, err)
		}
	}
}

// takeKey sets f, unless something above the file has. Then it only checks the values.
func (s *settings) takeKey(f *pflag.Flag, values []string, at origin) error {
	if s.origins[f.Name] == "" {
		s.origins[f.Name] = at
		return set(f, values)
	}
	cmd, _ := serveCommand()
	return set(cmd.Flags().Lookup(f.Name), values)
}

// tomlValues is a value of the file as an option takes it.
func tomlValues(f *pflag.Flag, value any) ([]string, error) {
	_, isList := f.Value.(pflag.SliceValue)
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	} else if !isList {
		return nil, errors.New("want one value, not a list")
	}
	var texts []string
	for _, v := range list {
		switch v := v.(type) {
		case string:
			texts = append(texts, v)
		case int64:
			texts = append(texts, strconv.FormatInt(v, 10))
		case float64:
			texts = append(texts, strconv.FormatFloat(v, 'g', -1, 64))
		case bool:
			texts = append(texts, strconv.FormatBool(v))
		default:
			return nil, errors.New("want a text, a number, true or false; the settings have no tables")
		}
	}
	return texts, nil
}

// syntaxError is what is wrong with a file that is not TOML, with the line.
func syntaxError(err error) string {
	var parse toml.ParseError
	if errors.As(err, &parse) {
		return fmt.Sprintf("%d: %s", parse.Position.Line, parse.Message)
	}
	return " " + err.Error()
}

// keyLine finds the line of content, which is TOML, in which the key name first stands,
// since the module does not tell. A line that merely looks so, within a text of several
// lines, is told apart by what is above it: that is no TOML then.
func keyLine(content, name string) int {
	begins := regexp.MustCompile(`^\s*(\[{1,2}\s*)?["']?` + regexp.QuoteMeta(name) + `["']?\s*[=.\]]`)
	above := 0
	line := 0
	for text := range strings.Lines(content) {
		line++
		var before map[string]any
		if begins.MatchString(text) {
			if _, err := toml.Decode(content[:above], &before); err == nil {
				return line
			}
		}
		above += len(text)
	}
	return 1
}

// nearest returns the one of names that is spelled most like name, however it joins words.
func nearest(name string, names []string) string {
	return spelling.Nearest(strings.ToLower(strings.ReplaceAll(name, "_", "-")), names)
}
