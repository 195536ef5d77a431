package main

import (
	"strings"
	"testing"
	"time"
)

func TestParseBytes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"1": 1, "12B": 12, "1KB": 1000, "1KiB": 1024, "100MB": 1e8, "3GiB": 3 << 30, "8TB": 8e12, "9223372036854775807": 1<<63 - 1,
	} {
		if n, ok := parseBytes(text); !ok || n != want {
			t.Errorf("%q is %d, %v; want %d", text, n, ok, want)
		}
	}
	for _, text := range []string{"", "-1", "1.5MB", "MB", "1kb", "1 MB", "10000000TB", "9223372036854775808"} {
		if n, ok := parseBytes(text); ok {
			t.Errorf("%q is %d, want an error", text, n)
		}
	}
}

func TestParseLong(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"90s": 90 * time.Second, "24h": 24 * time.Hour, "7d": 168 * time.Hour} {
		if d, ok := parseLong(text); !ok || d != want {
			t.Errorf("%q is %v, %v; want %v", text, d, ok, want)
		}
	}
	for _, text := range []string{"", "0s", "0d", "-1h", "d", "1.5d", "99999d", "7"} {
		if d, ok := parseLong(text); ok {
			t.Errorf("%q is %v, want an error", text, d)
		}
	}
}

func TestParseMoment(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 17, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"10m":                         now.Add(-10 * time.Minute),
		"2d":                          now.Add(-48 * time.Hour),
		"2026-11-24T17:08:36Z":        time.Date(2026, 11, 24, 17, 8, 36, 0, time.UTC),
		"2026-11-24T17:08:36.5+02:00": time.Date(2026, 11, 24, 15, 8, 36, 5e8, time.UTC),
		"2026-11-24 17:08":            time.Date(2026, 11, 24, 17, 8, 0, 0, time.Local),
		"2026-11-24":                  time.Date(2026, 11, 24, 0, 0, 0, 0, time.Local),
	} {
		if got, err := parseMoment(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "yesterday", "10", "-10m", "2026-13-01"} {
		if got, err := parseMoment(text, now); err == nil {
			t.Errorf("%q is %v, want an error", text, got)
		}
	}
}

func TestPlanOutputs(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"file:///var/log/x":        "file:///var/log/x",
		"file:a%3Fb?queue=1MB":     "file:a%3Fb",
		"sqlite:m.db?dedupe=none":  "sqlite:m.db",
		"stdout:?policy=block":     "standard output",
		"file:x?rotate-every=24h&": "file:x",
	} {
		plans, err := planOutputs([]string{url}, "text")
		if err != nil || plans[0].name != want {
			t.Errorf("%s: %v, %v", url, plans, err)
		}
	}
	if u, err := parseOutputURL("file:///a%3Fb"); err != nil || u.path != "/a?b" {
		t.Errorf("%+v, %v", u, err)
	}
	if plans, err := planOutputs(nil, "text"); err != nil || len(plans) != 1 || plans[0].open != nil {
		t.Errorf("none: %v, %v", plans, err)
	}
	for url, want := range map[string]string{
		"file:%zz":         "write %25 for a %",
		"file:x?a;b":       "want name=value",
		"file:x?queue=2GB": "want 1GiB at most",
		"file:x?queue=":    "want a size",
	} {
		if _, err := planOutputs([]string{url}, "text"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", url, err, want)
		}
	}
}
