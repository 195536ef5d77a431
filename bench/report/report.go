// Package report keeps what was measured, and shows it as tables and plots.
package report

import (
	"encoding/json"
	"os"
	"slices"
	"time"

	"github.com/seed-067c1534/sigio/bench/load"
)

// Report is everything of one invocation, as it is written as JSON.
type Report struct {
	Machine  Machine   `json:"machine"`
	Started  time.Time `json:"started"`
	Command  []string  `json:"command"`
	Rounds   int       `json:"rounds"`
	Duration string    `json:"duration"`
	Cases    []Case    `json:"cases"`
	Runs     []Run     `json:"runs"`
}

// Case describes a case for those who have only the file.
type Case struct {
	Name    string   `json:"name"`
	Group   string   `json:"group"`
	X       float64  `json:"x"`
	Axis    string   `json:"axis,omitempty"`
	Peer    string   `json:"peer"`
	Metrics []Metric `json:"metrics"`
}

// Metric is workload.Metric.
type Metric struct {
	Key        string `json:"key"`
	Title      string `json:"title"`
	Unit       string `json:"unit,omitempty"`
	Less       bool   `json:"less_is_better,omitempty"`
	Difference bool   `json:"difference,omitempty"`
}

// Run is one contestant in one case in one round.
type Run struct {
	Case       string       `json:"case"`
	Contestant string       `json:"contestant"`
	Round      int          `json:"round"`
	Metrics    load.Metrics `json:"metrics,omitempty"`
	Error      string       `json:"error,omitempty"`
	// Disturbed says that others used the processors more than was allowed.
	Disturbed bool `json:"disturbed,omitempty"`
}

// Write writes r to a file.
func (r *Report) Write(path string) error {
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// Read reads a file that Write has written.
func Read(path string) (*Report, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := new(Report)
	return r, json.Unmarshal(text, r)
}

// Contestants returns who took part in a case, in the order of appearance in the
// first round.
func (r *Report) Contestants(name string) (all []string) {
	for _, run := range r.Runs {
		if run.Case == name && !slices.Contains(all, run.Contestant) {
			all = append(all, run.Contestant)
		}
	}
	return all
}

// Stat is a metric over the rounds.
type Stat struct {
	Median, Min, Max float64
	N                int
}

// Stat returns a contestant's metric in a case. N is 0 if there is none.
func (r *Report) Stat(name, contestant, metric string) Stat {
	var values []float64
	for _, run := range r.Runs {
		if run.Case == name && run.Contestant == contestant && run.Error == "" {
			if v, ok := run.Metrics[metric]; ok {
				values = append(values, v)
			}
		}
	}
	if len(values) == 0 {
		return Stat{}
	}
	slices.Sort(values)
	n := len(values)
	return Stat{Median: (values[(n-1)/2] + values[n/2]) / 2, Min: values[0], Max: values[n-1], N: n}
}

// Errors returns what went wrong for a contestant in a case.
func (r *Report) Errors(name, contestant string) (all []string) {
	for _, run := range r.Runs {
		if run.Case == name && run.Contestant == contestant && run.Error != "" {
			all = append(all, run.Error)
		}
	}
	return all
}

// disturbed counts a contestant's disturbed runs.
func (r *Report) disturbed(name, contestant string) (n int) {
	for _, run := range r.Runs {
		if run.Case == name && run.Contestant == contestant && run.Disturbed {
			n++
		}
	}
	return n
}
