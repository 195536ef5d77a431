package web

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// docs/observability.md has every metric, every cause and every end, in the words of the program,
// and no others.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../docs/observability.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(content)
	var metrics []string
	for _, m := range described {
		labels := strings.Join(m.labels, ", ")
		if labels == "" {
			labels = "–"
		}
		metrics = append(metrics, "| `"+m.name+"` | "+labels+" | "+m.help+" |")
	}
	sameTable(t, page, "Metrics", metrics)
	sameTable(t, page, "What was lost, and the remedy", causeRows(causes))
	sameTable(t, page, "Why a connection ended", causeRows(ends))

	script, err := os.ReadFile("page/account.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{kernelDropped, goneFromSpool} {
		if !strings.Contains(string(script), strconv.Quote(name)) {
			t.Errorf("the page has another name for %q", name)
		}
	}
	for _, c := range []struct {
		file, prefix string
		known        []cause
	}{
		{"../../receiver/cause.go", "Cause", causes},
		{"../../receiver/cause.go", "End", ends},
		{"../../output/options.go", "Cause", causes},
	} {
		for name, value := range constants(t, c.file, c.prefix) {
			if !slices.ContainsFunc(c.known, func(k cause) bool { return k.name == value }) {
				t.Errorf("%s: %s %q has no explanation in causes.go", c.file, name, value)
			}
		}
	}
}

func causeRows(list []cause) (rows []string) {
	for _, c := range list {
		rows = append(rows, "| "+c.name+" | "+c.meaning+" | "+c.remedy+" |")
	}
	return rows
}

// sameTable wants the first table below a heading to have exactly these rows.
func sameTable(t *testing.T, page, heading string, want []string) {
	t.Helper()
	_, section, found := strings.Cut(page, "\n## "+heading+"\n")
	if !found {
		t.Errorf("there is no section %q", heading)
	}
	var got []string
	for line := range strings.Lines(section) {
		if strings.HasPrefix(line, "|") {
			got = append(got, strings.TrimSpace(line))
		} else if len(got) > 0 || strings.HasPrefix(line, "## ") {
			break
		}
	}
	got = got[min(2, len(got)):]
	for _, row := range want {
		if !slices.Contains(got, row) {
			t.Errorf("%s: wants the row\n%s", heading, row)
		}
	}
	for _, row := range got {
		if !slices.Contains(want, row) {
			t.Errorf("%s: has a row that the program knows nothing of\n%s", heading, row)
		}
	}
}

// constants finds constants whose names begin so and that are written as strings.
func constants(t *testing.T, path, prefix string) map[string]string {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	ast.Inspect(tree, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(v.Names[0].Name, prefix) && len(v.Values) == 1 {
			if text, ok := v.Values[0].(*ast.BasicLit); ok {
				found[v.Names[0].Name], _ = strconv.Unquote(text.Value)
			}
		}
		return true
	})
	if len(found) < 3 {
		t.Errorf("%s: found %v only", path, found)
	}
	return found
}
