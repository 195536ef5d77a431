package main

import (
	"fmt"
	"math"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// outputURL is an output as the command line names it: file:PATH?name=value&name=value. Each
// parameter is read once; what is wrong with one is told by done, and so is one that nobody reads.
type outputURL struct {
	text         string // as it was written, without the parameters: the output's name
	scheme, path string
	values       url.Values
	known        []string
	err          error
}

func parseOutputURL(text string) (*outputURL, error) {
	name, query, _ := strings.Cut(text, "?")
	scheme, rest, found := strings.Cut(name, ":")
	if !found || scheme == "" {
		return nil, fmt.Errorf("%s: there is no scheme: want %s", text, outputSchemes())
	}
	// file:///path, as other programs write it, is file:/path.
	path, err := url.PathUnescape(strings.TrimPrefix(rest, "//"))
	if err != nil {
		return nil, fmt.Errorf("%s: %v: write %%25 for a %%", text, err)
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("%s: %v: want name=value&name=value behind the ?", text, err)
	}
	return &outputURL{text: name, scheme: scheme, path: path, values: values}, nil
}

// place is where the output writes to, however its path is written.
func (u *outputURL) place() string {
	if u.scheme == "file" || u.scheme == "sqlite" {
		if path, err := filepath.Abs(u.path); err == nil {
			return path
		}
	}
	return u.path
}

// take returns the value of a parameter, "" if it is not there.
func (u *outputURL) take(name string) string {
	u.known = append(u.known, name)
	if list := u.values[name]; len(list) > 1 {
		u.wrong(name, "is there more than once")
	}
	return u.values.Get(name)
}

func (u *outputURL) wrong(name, why string) {
	if u.err == nil {
		u.err = fmt.Errorf("%s: %s=%s: %s", u.text, name, u.values.Get(name), why)
	}
}

func (u *outputURL) choice(name string, among ...string) string {
	v := u.take(name)
	if v == "" && !u.values.Has(name) {
		return among[0]
	}
	if !slices.Contains(among, v) {
		u.wrong(name, "want "+enumerate(among))
	}
	return v
}

func (u *outputURL) size(name string, stand int64) int64 {
	v := u.take(name)
	if v == "" && !u.values.Has(name) {
		return stand
	}
	n, ok := parseBytes(v)
	if !ok || n == 0 {
		u.wrong(name, "want a size such as 100MB or 64KiB")
	}
	return n
}

func (u *outputURL) duration(name string, stand time.Duration) time.Duration {
	v := u.take(name)
	if v == "" && !u.values.Has(name) {
		return stand
	}
	d, ok := parseLong(v)
	if !ok {
		u.wrong(name, "want a time such as 90s, 24h or 7d")
	}
	return d
}

func (u *outputURL) count(name string) int {
	v := u.take(name)
	if v == "" && !u.values.Has(name) {
		return 0
	}
	n, err := strconv.ParseUint(v, 10, 31)
	if err != nil || n == 0 {
		u.wrong(name, "want a number from 1")
	}
	return int(n)
}

// done returns what is wrong with the parameters.
func (u *outputURL) done() error {
	for name := range u.values {
		if !slices.Contains(u.known, name) && u.err == nil {
			slices.Sort(u.known)
			u.err = fmt.Errorf("%s: there is no parameter %q: want %s", u.text, name, enumerate(u.known))
		}
	}
	return u.err
}

// parseBytes reads 512, 64KiB, 100MB: powers of 1024 with the i, of 1000 without.
func parseBytes(text string) (int64, bool) {
	factor := int64(1)
	for i, letter := range "KMGT" {
		if rest, found := strings.CutSuffix(text, string(letter)+"iB"); found {
			text, factor = rest, 1<<(10*(i+1))
			break
		}
		if rest, found := strings.CutSuffix(text, string(letter)+"B"); found {
			text, factor = rest, int64(math.Pow10(3*(i+1)))
			break
		}
	}
	if factor == 1 {
		text = strings.TrimSuffix(text, "B")
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil || int64(n) > math.MaxInt64/factor {
		return 0, false
	}
	return int64(n) * factor, true
}

// parseLong reads what time.ParseDuration reads, and days: 7d. It wants more than 0.
func parseLong(text string) (time.Duration, bool) {
	if days, found := strings.CutSuffix(text, "d"); found {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * 24 * time.Hour, err == nil && n > 0
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d > 0
}
