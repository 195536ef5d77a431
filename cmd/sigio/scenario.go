package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/seed-067c1534/sigio/internal/scenario"
	"github.com/seed-067c1534/sigio/siginfo"
)

// printScenario shows one run: what was done, each signal that came of it, and why.
func printScenario(out io.Writer, s scenario.Scenario, r scenario.Result) error {
	p := painter(out)
	fmt.Fprintf(out, "%s\n", p.bold(s.Name+": "+s.Title))
	if s.Condition != "" {
		fmt.Fprint(out, wrap("One of the nine conditions: "+string(s.Condition)+".", "", width))
	}
	fmt.Fprintln(out)
	told := map[siginfo.Code]bool{} // a meaning is said once
	for _, e := range r.Entries {
		printEntry(out, p, e, told)
	}
	fmt.Fprintf(out, "\n%s", wrap(s.Explain, "", width))
	if r.Skipped != "" {
		fmt.Fprintf(out, "\n%s", p.yellow(wrap("Not shown, this machine cannot: "+r.Skipped, "", width)))
	}
	for _, m := range r.Mismatch {
		fmt.Fprintf(out, "\n%s", p.red(wrap("This kernel differs: "+m, "", width)))
	}
	_, err := fmt.Fprintln(out)
	return err
}

const entryIndent = "            " // behind the time

func printEntry(out io.Writer, p paint, e scenario.Entry, told map[siginfo.Code]bool) {
	at := p.faint(fmt.Sprintf("%7.2f ms  ", float64(e.At)/float64(time.Millisecond)))
	after := func(text string) string { return strings.TrimPrefix(wrap(text, entryIndent, width), entryIndent) }
	switch e.Kind {
	case scenario.KindArmed:
		fmt.Fprint(out, at, after("armed: "+e.Descriptor))
	case scenario.KindStep:
		fmt.Fprint(out, at, p.bold(after("> "+e.Text)))
	case scenario.KindSignal:
		fmt.Fprintf(out, "%s%s\n", at, describeSignal(p, &e.Record))
		fmt.Fprint(out, wrap(e.Descriptor, entryIndent+"  ", width))
		if code := e.Record.Code(); !told[code] {
			told[code] = true
			fmt.Fprint(out, p.faint(wrap(e.Record.Info().Explain(), entryIndent+"  ", width)))
		}
	case scenario.KindLook:
		fmt.Fprint(out, at, after(fmt.Sprintf("poll(2) says %v of %s", e.State, e.Descriptor)))
	default:
		fmt.Fprint(out, at, after(e.Text))
	}
}

// describeSignal is what a signal says, on one line: which one, why, and what its
// fields are.
func describeSignal(p paint, r *siginfo.Record) string {
	info := r.Info()
	text := p.cyan(fmt.Sprintf("%s (%d)", siginfo.SignalName(info.Signo), info.Signo)) + "  " +
		p.green(fmt.Sprintf("%s (%d)", info.Code.Name(info.Signo), info.Code))
	if fd, band, ok := info.Poll(); ok {
		return text + fmt.Sprintf("  fd %d  band %v (%#x)", fd, band, uint32(band))
	}
	if pid, uid, ok := info.Sender(); ok {
		text += fmt.Sprintf("  from process %d of user %d", pid, uid)
	}
	return text
}

// entryJSON and scenarioJSON are the stable form of `trace NAME --format json`.
type entryJSON struct {
	At         float64       `json:"at_ms"`
	Kind       string        `json:"kind"`
	Text       string        `json:"text,omitempty"`
	Descriptor string        `json:"descriptor,omitempty"`
	Signal     *siginfo.Info `json:"signal,omitempty"`
	Meaning    string        `json:"meaning,omitempty"`
	Poll       string        `json:"poll,omitempty"`
}

type scenarioJSON struct {
	Name      string      `json:"name"`
	Title     string      `json:"title"`
	Condition string      `json:"condition,omitempty"`
	Entries   []entryJSON `json:"entries"`
	Explain   string      `json:"explain"`
	Skipped   string      `json:"skipped,omitempty"`
	Mismatch  []string    `json:"mismatch,omitempty"`
}

func encodeScenario(out io.Writer, s scenario.Scenario, r scenario.Result) error {
	kinds := map[scenario.Kind]string{
		scenario.KindArmed: "armed", scenario.KindStep: "step", scenario.KindSignal: "signal",
		scenario.KindLook: "poll", scenario.KindNote: "note",
	}
	v := scenarioJSON{
		Name: s.Name, Title: s.Title, Condition: string(s.Condition), Entries: []entryJSON{},
		Explain: s.Explain, Skipped: r.Skipped, Mismatch: r.Mismatch,
	}
	for _, e := range r.Entries {
		entry := entryJSON{At: float64(e.At.Microseconds()) / 1000, Kind: kinds[e.Kind], Text: e.Text, Descriptor: e.Descriptor}
		switch e.Kind {
		case scenario.KindSignal:
			info := e.Record.Info()
			entry.Signal, entry.Meaning = &info, info.Explain()
		case scenario.KindLook:
			entry.Poll = e.State.String()
		}
		v.Entries = append(v.Entries, entry)
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// listedScenario is the stable form of a line of the list.
type listedScenario struct {
	Name  string `json:"name"`
	Title string `json:"title"`
}

// listScenarios prints the names, the nine conditions first.
func listScenarios(out io.Writer, format string) error {
	p := painter(out)
	all := scenario.All()
	if format == "json" {
		var list []listedScenario
		for _, s := range all {
			list = append(list, listedScenario{s.Name, s.Title})
		}
		return printJSON(out, list)
	}
	longest := 0
	for _, s := range all {
		longest = max(longest, len(s.Name))
	}
	nine := true
	fmt.Fprintln(out, p.bold("The nine conditions under which a socket sends SIGIO:"))
	for _, s := range all {
		if s.Condition == "" && nine {
			nine = false
			fmt.Fprintf(out, "\n%s\n", p.bold("What surprises, and what sends nothing at all:"))
		}
		fmt.Fprintf(out, "  %-*s  %s\n", longest, s.Name, s.Title)
	}
	_, err := fmt.Fprintf(out, "\nsigio trace NAME shows one of them happen.\n")
	return err
}
