package report

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Plot draws the first metric of each group into a folder, an SVG each: lines where
// the cases differ in a number, else bars.
func (r *Report) Plot(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for i, c := range r.Cases {
		if slices.ContainsFunc(r.Cases[:i], func(other Case) bool { return other.Group == c.Group }) {
			continue
		}
		var group []Case
		for _, other := range r.Cases {
			if other.Group == c.Group && len(r.Contestants(other.Name)) > 0 {
				group = append(group, other)
			}
		}
		if len(group) == 0 {
			continue
		}
		slices.SortFunc(group, func(a, b Case) int { return cmp.Compare(a.X, b.X) })
		drawing := r.bars(group[0])
		if len(group) > 1 {
			drawing = r.lines(group)
		}
		name := filepath.Join(folder, strings.ReplaceAll(c.Group, "/", "-")+".svg")
		if err := os.WriteFile(name, []byte(drawing), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// caption is what a drawing shows.
func caption(name string, m Metric) string {
	better := "more is better"
	if m.Less {
		better = "less is better"
	}
	return fmt.Sprintf("%s: %s (median, %s)", name, m.Title, better)
}

// color is a contestant's in every drawing of the report.
func (r *Report) color(name string) string {
	var seen []string
	for _, run := range r.Runs {
		if run.Contestant == name {
			break
		}
		if !slices.Contains(seen, run.Contestant) {
			seen = append(seen, run.Contestant)
		}
	}
	return colors[len(seen)%len(colors)]
}

// bars draws a case, with a line from the least to the greatest value.
func (r *Report) bars(c Case) string {
	const left, bar, wide = 160.0, 22.0, 420.0
	m := c.Metrics[0]
	names := r.Contestants(c.Name)
	most := 0.0
	for _, name := range names {
		most = max(most, r.Stat(c.Name, name, m.Key).Max)
	}
	pic := &canvas{width: left + wide + 110, height: 50 + bar*float64(len(names))}
	pic.text(10, 20, "start", caption(c.Name, m))
	scale := wide / max(most, math.SmallestNonzeroFloat64)
	for i, name := range names {
		y := 35 + bar*float64(i)
		s := r.Stat(c.Name, name, m.Key)
		pic.text(left-8, y+bar*0.6, "end", name)
		if s.N == 0 {
			pic.text(left+4, y+bar*0.6, "start", "failed")
			continue
		}
		pic.box(left, y, s.Median*scale, bar-6, r.color(name))
		pic.line(left+s.Min*scale, y+(bar-6)/2, left+s.Max*scale, y+(bar-6)/2, ink, 1.5)
		pic.text(left+s.Max*scale+6, y+bar*0.6, "start", Format(m.Unit, s.Median))
	}
	return pic.String()
}

// lines draws a group. The cases stand side by side, whatever lies between them.
func (r *Report) lines(group []Case) string {
	const left, top, wide, high = 80.0, 40.0, 440.0, 280.0
	m := group[0].Metrics[0]
	var names []string
	most := 0.0
	for _, c := range group {
		for _, name := range r.Contestants(c.Name) {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
			most = max(most, r.Stat(c.Name, name, m.Key).Max)
		}
	}
	pic := &canvas{width: left + wide + 150, height: top + high + 50}
	pic.text(10, 20, "start", caption(group[0].Group, m))
	step := niceStep(most)
	ceiling := math.Ceil(most/step) * step
	x := func(i int) float64 { return left + wide*(float64(i)+0.5)/float64(len(group)) }
	y := func(v float64) float64 { return top + high*(1-v/ceiling) }
	for v := 0.0; v <= ceiling; v += step {
		pic.line(left, y(v), left+wide, y(v), grid, 1)
		pic.text(left-6, y(v)+4, "end", Format(m.Unit, v))
	}
	for i, c := range group {
		pic.text(x(i), top+high+18, "middle", grouped(c.X))
	}
	pic.text(left+wide/2, top+high+38, "middle", group[0].Axis)
	for k, name := range names {
		color := r.color(name)
		last := -1
		for i, c := range group {
			s := r.Stat(c.Name, name, m.Key)
			if s.N == 0 {
				continue
			}
			pic.line(x(i), y(s.Min), x(i), y(s.Max), color, 1)
			pic.dot(x(i), y(s.Median), color)
			if last >= 0 {
				pic.line(x(last), y(r.Stat(group[last].Name, name, m.Key).Median), x(i), y(s.Median), color, 2)
			}
			last = i
		}
		row := top + 16*float64(k)
		pic.box(left+wide+16, row, 12, 4, color)
		pic.text(left+wide+34, row+6, "start", name)
	}
	return pic.String()
}

// niceStep divides a scale into about five parts of a round size.
func niceStep(most float64) float64 {
	if most <= 0 {
		return 1
	}
	size := math.Pow(10, math.Floor(math.Log10(most/5)))
	for _, f := range []float64{1, 2, 5} {
		if most/(f*size) <= 6 {
			return f * size
		}
	}
	return 10 * size
}
