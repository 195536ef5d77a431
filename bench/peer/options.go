package peer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Options are a contestant's variant, as in "sigio:spin=50us:batch=64". Each
// contestant has its own.
type Options struct {
	values map[string]string
	asked  map[string]bool
	err    error
}

// Parse divides a specification into the contestant's name and its options.
func Parse(spec string) (name string, o Options, err error) {
	name, list, some := strings.Cut(spec, ":")
	o = Options{values: map[string]string{}, asked: map[string]bool{}}
	if !some {
		return name, o, nil
	}
	for pair := range strings.SplitSeq(list, ":") {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return name, o, fmt.Errorf("contestant %s: %q: want key=value", spec, pair)
		}
		o.values[strings.ToLower(key)] = value
	}
	return name, o, nil
}

// Text returns an option, or what stands for it.
func (o *Options) Text(key, stand string) string {
	if o.asked == nil {
		o.asked = map[string]bool{}
	}
	o.asked[key] = true
	if value, ok := o.values[key]; ok {
		return value
	}
	return stand
}

// Int returns an option as a number.
func (o *Options) Int(key string, stand int) int { return number(o, key, stand, strconv.Atoi) }

// Bool returns an option as true or false.
func (o *Options) Bool(key string, stand bool) bool { return number(o, key, stand, strconv.ParseBool) }

// Duration returns an option as a time.
func (o *Options) Duration(key string, stand time.Duration) time.Duration {
	return number(o, key, stand, time.ParseDuration)
}

func number[T any](o *Options, key string, stand T, parse func(string) (T, error)) T {
	text := o.Text(key, "")
	if text == "" {
		return stand
	}
	value, err := parse(text)
	if err != nil && o.err == nil {
		o.err = fmt.Errorf("option %s: %w", key, err)
	}
	return value
}

// Check returns an error if an option could not be read, or if nobody has asked
// for it, so that a misspelt one does not pass for a measurement.
func (o *Options) Check() error {
	var unknown []string
	for key := range o.values {
		if !o.asked[key] {
			unknown = append(unknown, key)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return fmt.Errorf("unknown option %s", strings.Join(unknown, ", "))
	}
	return o.err
}
