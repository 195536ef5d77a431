package report

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-067c1534/sigio/bench/load"
)

func sample() *Report {
	r := &Report{Rounds: 3}
	for _, c := range []struct {
		name string
		x    float64
	}{{"echo/10", 10}, {"echo/100", 100}, {"alone", 0}} {
		group, _, _ := strings.Cut(c.name, "/")
		r.Cases = append(r.Cases, Case{
			Name: c.name, Group: group, X: c.x, Peer: "net",
			Metrics: []Metric{{Key: "rate", Title: "replies/s"}, {Key: "p50", Title: "p50", Unit: "time"}, {Key: "calls", Title: "calls"}},
		})
		for round, rate := range []float64{300, 100, 200} {
			r.Runs = append(r.Runs,
				Run{Case: c.name, Contestant: "sigio", Round: round, Metrics: load.Metrics{"rate": 3 * rate, "p50": 1500}},
				Run{Case: c.name, Contestant: "net", Round: round, Metrics: load.Metrics{"rate": 2 * rate, "p50": 2500}},
				Run{Case: c.name, Contestant: "a<b", Round: round, Error: "broken"})
		}
	}
	return r
}

func TestStat(t *testing.T) {
	if s := sample().Stat("echo/10", "sigio", "rate"); s != (Stat{Median: 600, Min: 300, Max: 900, N: 3}) {
		t.Errorf("got %+v", s)
	}
	r := &Report{Runs: []Run{{Case: "c", Contestant: "x", Metrics: load.Metrics{"m": 1}}, {Case: "c", Contestant: "x", Metrics: load.Metrics{"m": 4}}}}
	if s := r.Stat("c", "x", "m"); s.Median != 2.5 {
		t.Errorf("the median of 1 and 4 is %v", s.Median)
	}
}

func TestTable(t *testing.T) {
	r := sample()
	var b strings.Builder
	r.Table(&b, r.Cases[0], "")
	const want = `
echo/10

|       | replies/s | min–max | × net |    p50 |
|-------|----------:|--------:|------:|-------:|
| sigio |       600 | 300–900 |  1.50 | 1.5 µs |
| net   |       400 | 200–600 |  1.00 | 2.5 µs |
| a<b   |    failed |         |       |        |
a<b failed in 3 of 3 runs: broken
`
	if got := b.String(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	b.Reset()
	r.Table(&b, r.Cases[0], "sigio")
	if !strings.Contains(b.String(), "× sigio") || !strings.Contains(b.String(), "0.67") {
		t.Errorf("compared with sigio: %s", b.String())
	}
}

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		unit string
		v    float64
		want string
	}{
		{"", 1234567, "1,234,567"}, {"", 999, "999"}, {"", -1234, "-1,234"},
		{"time", 56_700, "56.7 µs"}, {"time", 2_300_000, "2.3 ms"}, {"time", 3e9, "3.00 s"},
		{"bytes", 400, "400 B"}, {"bytes", 20 << 10, "20.0 KiB"}, {"bytes", 5 << 20, "5.0 MiB"},
	} {
		if got := Format(c.unit, c.v); got != c.want {
			t.Errorf("%v %s: got %s, want %s", c.v, c.unit, got, c.want)
		}
	}
}

// TestPlot reads the drawings back as XML.
func TestPlot(t *testing.T) {
	folder := t.TempDir()
	if err := sample().Plot(folder); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.svg"))
	if err != nil || len(files) != 2 {
		t.Fatalf("%d drawings, want 2 (%v)", len(files), err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for d := xml.NewDecoder(strings.NewReader(string(text))); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		for _, want := range []string{">sigio<", ">net<"} {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s does not show %s", name, want)
			}
		}
		if strings.Contains(string(text), "NaN") || strings.Contains(string(text), "Inf") {
			t.Errorf("%s has a number that is none", name)
		}
	}
}

func TestKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.json")
	if err := sample().Write(path); err != nil {
		t.Fatal(err)
	}
	r, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if s := r.Stat("echo/10", "sigio", "rate"); s.Median != 600 {
		t.Errorf("got %+v", s)
	}
}
