package main

import (
	"regexp"
	"strings"

	"github.com/seed-067c1534/sigio/internal/spelling"
	"github.com/spf13/pflag"
)

// variable is the name of a setting in the environment.
func variable(name string) string {
	return "SIGIO_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// takeEnvironment sets what the command line has not. An empty variable is none; the values of a list stand between
// spaces.
func (s *settings) takeEnvironment(getenv func(string) string, wrong *complaints) {
	settingFlags(s.flags, func(f *pflag.Flag) {
		value := getenv(variable(f.Name))
		if value == "" || s.origins[f.Name] != "" {
			return
		}
		values := []string{value}
		if _, isList := f.Value.(pflag.SliceValue); isList {
			values = strings.Fields(value)
		}
		if err := set(f, values); err != nil {
			wrong.add("%s=%s: %v", variable(f.Name), value, err)
			return
		}
		s.origins[f.Name] = origin(variable(f.Name))
	})
}

// notOurs are variables that are no mistake, although they begin like those of settings. The tests of
// sigio and the package signals have some, and Kubernetes tells every program in a namespace where
// a service is that is called sigio.
var notOurs = regexp.MustCompile(`^SIGIO_(SOAK|TEST_.*|SIGNALS_RESERVED|SERVICE_(HOST|PORT.*)|PORT(_.*)?)$`)

// unknownVariables complains about variables that are meant for sigio, but not the name of a setting.
// An empty one is none.
func (s *settings) unknownVariables(environ []string, wrong *complaints) {
	var names []string
	known := map[string]bool{variable("config"): true}
	settingFlags(s.flags, func(f *pflag.Flag) {
		names = append(names, variable(f.Name))
		known[variable(f.Name)] = true
	})
	for _, assignment := range environ {
		name, value, _ := strings.Cut(assignment, "=")
		if !strings.HasPrefix(name, variable("")) || value == "" || known[name] || notOurs.MatchString(name) {
			continue
		}
		wrong.add("there is no setting for the variable %s; the nearest is %s", name, spelling.Nearest(name, names))
	}
}
