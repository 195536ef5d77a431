package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Table writes a case as a table: medians over the rounds, the first metric with its
// least and greatest value, and what that is compared to a peer's. peer "" is the
// case's own choice.
func (r *Report) Table(w io.Writer, c Case, peer string) {
	contestants := r.Contestants(c.Name)
	first := c.Metrics[0]
	base := r.base(c, peer, contestants)
	head := []string{"", first.Title}
	if r.Rounds > 1 {
		head = append(head, "min–max")
	}
	if base != "" {
		head = append(head, map[bool]string{false: "× ", true: "− "}[first.Difference]+base)
	}
	others := slices.DeleteFunc(slices.Clone(c.Metrics[1:]), func(m Metric) bool {
		return !slices.ContainsFunc(contestants, func(name string) bool { return r.Stat(c.Name, name, m.Key).N > 0 })
	})
	for _, m := range others {
		head = append(head, m.Title)
	}
	rows := [][]string{head}
	var notes []string
	for _, name := range contestants {
		row := []string{name}
		s := r.Stat(c.Name, name, first.Key)
		if s.N == 0 {
			row = append(row, "failed")
		} else {
			row = append(row, Format(first.Unit, s.Median))
			if r.Rounds > 1 {
				row = append(row, Format(first.Unit, s.Min)+"–"+Format(first.Unit, s.Max))
			}
			if base != "" {
				row = append(row, r.comparison(c, name, base))
			}
			for _, m := range others {
				text := ""
				if s := r.Stat(c.Name, name, m.Key); s.N > 0 {
					text = Format(m.Unit, s.Median)
				}
				row = append(row, text)
			}
		}
		rows = append(rows, row)
		if errors := r.Errors(c.Name, name); len(errors) > 0 {
			notes = append(notes, fmt.Sprintf("%s failed in %d of %d runs: %s", name, len(errors), len(errors)+s.N, errors[0]))
		}
		if n := r.disturbed(c.Name, name); n > 0 {
			notes = append(notes, fmt.Sprintf("%s: others used the processors in %d of %d runs", name, n, s.N))
		}
	}
	fmt.Fprintf(w, "\n%s\n\n", c.Name)
	writeRows(w, rows)
	for _, n := range notes {
		fmt.Fprintf(w, "%s\n", n)
	}
}

// base is whom the others are compared with: the one that is asked for, or the
// case's own choice, if it took part.
func (r *Report) base(c Case, peer string, contestants []string) string {
	for _, wanted := range []string{peer, c.Peer} {
		for _, name := range contestants {
			if name == wanted && r.Stat(c.Name, name, c.Metrics[0].Key).N > 0 {
				return name
			}
		}
	}
	return ""
}

func (r *Report) comparison(c Case, name, base string) string {
	m := c.Metrics[0]
	ours, theirs := r.Stat(c.Name, name, m.Key).Median, r.Stat(c.Name, base, m.Key).Median
	if m.Difference {
		return Format(m.Unit, ours-theirs)
	}
	if theirs == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", ours/theirs)
}

// writeRows writes a table that is Markdown, and can be read as it is.
func writeRows(w io.Writer, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for i, row := range rows {
		for k, width := range widths {
			cell := ""
			if k < len(row) {
				cell = row[k]
			}
			space := strings.Repeat(" ", width-utf8.RuneCountInString(cell))
			if k == 0 {
				fmt.Fprintf(w, "| %s%s ", cell, space)
			} else {
				fmt.Fprintf(w, "| %s%s ", space, cell)
			}
		}
		fmt.Fprintln(w, "|")
		if i > 0 {
			continue
		}
		for k, width := range widths {
			rule := strings.Repeat("-", width+1)
			if k == 0 {
				fmt.Fprintf(w, "|%s-", rule)
			} else {
				fmt.Fprintf(w, "|%s:", rule)
			}
		}
		fmt.Fprintln(w, "|")
	}
}

// Format writes a number with its unit, to three digits or so.
func Format(unit string, v float64) string {
	switch unit {
	case "time":
		switch {
		case math.Abs(v) >= 1e9:
			return fmt.Sprintf("%.2f s", v/1e9)
		case math.Abs(v) >= 1e6:
			return fmt.Sprintf("%.1f ms", v/1e6)
		}
		return fmt.Sprintf("%.1f µs", v/1e3)
	case "ns":
		return fmt.Sprintf("%.1f ns", v)
	case "bytes":
		switch {
		case math.Abs(v) >= 1<<20:
			return fmt.Sprintf("%.1f MiB", v/(1<<20))
		case math.Abs(v) >= 10<<10:
			return fmt.Sprintf("%.1f KiB", v/(1<<10))
		}
		return fmt.Sprintf("%.0f B", v)
	case "s", "ratio":
		return fmt.Sprintf("%.2f", v)
	case "%":
		return fmt.Sprintf("%.1f%%", v)
	}
	return grouped(v)
}

// grouped writes a whole number in groups of three digits.
func grouped(v float64) string {
	text := fmt.Sprintf("%.0f", v)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
