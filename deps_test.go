package sigio_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/seed-067c1534/sigio"

// rooms lists every package, lowest floor first: a room imports rooms on lower
// floors only, so that each can be read, tested and trusted without what stands
// on it. Do not change a floor to make an import possible; move the code.
var rooms = map[string]int{
	"internal/sys":       0,
	"internal/spelling":  0,
	"siginfo":            0,
	".":                  1,
	"lease":              2,
	"message":            2,
	"netconn":            2,
	"signals":            2,
	"internal/scenario":  2,
	"output":             3,
	"receiver":           3,
	"internal/sender":    3,
	"internal/doctor":    4,
	"internal/jetstream": 3,
	"internal/spool":     4,
	"internal/sqlite":    4,
	"internal/web":       4,
	"cmd/sigio":          5,
	"examples":           5, // each folder in it is one program
}

// aids are for tests: what they import is free, who imports them is not.
var aids = []string{"internal/sigtest", "internal/webtest"}

// foreign lists the modules of others that a room may use besides
// golang.org/x/sys, and why they do not trouble the users of the library.
var foreign = map[string][]string{
	"cmd/sigio":          {"github.com/nats-io/nats-server/v2", "github.com/BurntSushi/toml", "github.com/spf13/cobra", "github.com/spf13/pflag", "golang.org/x/term", "golang.org/x/time", "github.com/leodido/go-syslog"},
	"internal/sender":    {"golang.org/x/time"},                                               // used by the command alone
	"internal/jetstream": {"github.com/nats-io/nats.go", "github.com/nats-io/nats-server/v2"}, // the server for tests
	"internal/spool":     {"github.com/nats-io/nats.go", "github.com/nats-io/nats-server/v2"},
	"internal/sqlite":    {"zombiezen.com/go/sqlite"},             // as is this
	"internal/web":       {"github.com/prometheus/client_golang"}, // and this
}

const (
	maxLines = 400

	whyDoor    = "only internal/sys talks to the kernel, so that every system call can be found, read and checked in one place"
	whySyscall = "outside internal/sys package syscall is a list of constants (E*, SIG*) with four types (Errno, Signal, and Conn, RawConn, which package net shows); calls belong in internal/sys"
	whyDown    = "imports point down only (docs/architecture.md): a lower room must not need a higher one, and rooms on one floor do not know one another"
	whyForeign = "who imports the library gets golang.org/x/sys and nothing else; name the module in deps_test.go and docs/dependencies.md if the command needs it"
	whyAid     = "it is for tests; a program that imports it would carry test code"
	whyCgo     = "the module builds without a C compiler, statically, for every system"
	whyQuiet   = "a library reports through its return values; only the program that uses it decides what is printed and when it ends"
	whyLong    = "a file holds one idea; split it"
	whyNew     = "give it a floor in deps_test.go and a line in docs/architecture.md"
)

// TestImports checks every file of the module against the rules above.
func TestImports(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skipFolder(path, d.Name())
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		for _, complaint := range check(filepath.ToSlash(path), source) {
			t.Error(complaint)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 20 {
		t.Errorf("found %d files: the walk does not see the module", files)
	}
}

// skipFolder leaves out what the go command leaves out: hidden folders, data of
// tests, and other modules (bench/).
func skipFolder(path, name string) error {
	if path == "." {
		return nil
	}
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" {
		return filepath.SkipDir
	}
	if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil {
		return filepath.SkipDir
	}
	return nil
}

// file is one source file under examination.
type file struct {
	path, room string
	test       bool // compiled into tests only
	exempt     bool // from the rules about system calls and silence
	complaints []string
}

func (f *file) complain(what, why string) {
	f.complaints = append(f.complaints, fmt.Sprintf("%s: %s: %s", f.path, what, why))
}

func check(path string, source []byte) []string {
	f := &file{path: path, room: "."}
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		f.room = path[:i]
	}
	if strings.HasPrefix(f.room, "examples/") {
		f.room = "examples"
	}
	aid := slices.Contains(aids, f.room)
	f.test = strings.HasSuffix(path, "_test.go") || aid
	f.exempt = f.test || f.room == "examples"

	if _, known := rooms[f.room]; !known && !aid {
		f.complain("a new package", whyNew)
		return f.complaints
	}
	if lines := strings.Count(string(source), "\n"); lines >= maxLines && !f.test {
		f.complain(fmt.Sprintf("%d lines, want fewer than %d", lines, maxLines), whyLong)
	}
	tree, err := parser.ParseFile(token.NewFileSet(), path, source, parser.SkipObjectResolution)
	if err != nil {
		f.complain("does not parse", err.Error())
		return f.complaints
	}
	names := map[string]string{} // of imports, as this file calls them
	for _, spec := range tree.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			f.complain("an import", err.Error())
			continue
		}
		name := imported[strings.LastIndexByte(imported, '/')+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = imported
		f.checkImport(imported)
		if name == "." {
			f.complain("dot import of "+imported, "a reader cannot tell where a name comes from")
		}
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok {
				f.checkUse(names[x.Name], s.Sel.Name)
			}
		}
		return true
	})
	return f.complaints
}

func (f *file) checkImport(imported string) {
	what := "imports " + imported
	if imported == "C" {
		f.complain(what, whyCgo)
		return
	}
	if ours, ok := strings.CutPrefix(imported+"/", module+"/"); ok {
		ours = strings.TrimSuffix(ours, "/")
		if ours == "" {
			ours = "."
		}
		f.checkRoom(what, ours)
		return
	}
	first, _, _ := strings.Cut(imported, "/")
	if std := !strings.Contains(first, "."); std {
		if imported == "unsafe" && f.room != "internal/sys" && !f.exempt {
			f.complain(what, whyDoor)
		}
		if imported == "log" && f.room != "cmd/sigio" && !f.exempt {
			f.complain(what, whyQuiet)
		}
		return
	}
	if f.test {
		return
	}
	if strings.HasPrefix(imported, "golang.org/x/sys/") {
		if f.room != "internal/sys" && !f.exempt {
			f.complain(what, whyDoor)
		}
		return
	}
	for _, allowed := range foreign[f.room] {
		if imported == allowed || strings.HasPrefix(imported, allowed+"/") {
			return
		}
	}
	f.complain(what, whyForeign)
}

func (f *file) checkRoom(what, ours string) {
	if slices.Contains(aids, ours) {
		if !f.test {
			f.complain(what, whyAid)
		}
		return
	}
	floor, known := rooms[ours]
	if !known {
		f.complain(what, whyNew)
		return
	}
	// A test may look further: at its own room from outside, and at rooms above
	// that prove something about it. The compiler keeps it from going in circles.
	if !f.test && floor >= rooms[f.room] {
		f.complain(what, whyDown)
	}
}

// checkUse looks at one mention of an imported package's name.
func (f *file) checkUse(pkg, name string) {
	if f.exempt {
		return
	}
	what := "uses " + pkg + "." + name
	library := f.room != "cmd/sigio"
	switch pkg {
	case "syscall":
		upper := name == strings.ToUpper(name) && (name[0] == 'E' || strings.HasPrefix(name, "SIG"))
		if f.room != "internal/sys" && !upper && !slices.Contains([]string{"Errno", "Signal", "Conn", "RawConn"}, name) {
			f.complain(what, whySyscall)
		}
	case "os":
		if library && (name == "Exit" || name == "Stdout" || name == "Stderr") {
			f.complain(what, whyQuiet)
		}
	case "fmt":
		if library && strings.HasPrefix(name, "Print") {
			f.complain(what, whyQuiet)
		}
	}
}

// TestImportRules shows that each rule can fail, and does not fail for nothing.
func TestImportRules(t *testing.T) {
	imports := func(path string) string { return "package p\nimport _ \"" + path + "\"\n" }
	uses := func(pkg, expr string) string {
		return "package p\nimport \"" + pkg + "\"\nvar _ = " + expr + "\n"
	}
	long := "package p\n" + strings.Repeat("\n", maxLines)
	for _, c := range []struct {
		path, source string
		want         string // "" for none
	}{
		{"loop.go", imports("golang.org/x/sys/unix"), whyDoor},
		{"siginfo/x.go", imports("unsafe"), whyDoor},
		{"internal/sys/x.go", imports("unsafe"), ""},
		{"internal/sys/x.go", imports("golang.org/x/sys/unix"), ""},
		{"loop_test.go", imports("golang.org/x/sys/unix"), ""},
		{"examples/tty/main.go", imports("golang.org/x/sys/unix"), ""},
		{"loop.go", uses("syscall", "syscall.Getpid"), whySyscall},
		{"loop.go", uses("syscall", "syscall.Exec"), whySyscall},
		{"loop.go", "package p\nimport s \"syscall\"\nvar _ = s.Close\n", whySyscall},
		{"loop.go", uses("syscall", "syscall.EAGAIN"), ""},
		{"loop.go", uses("syscall", "syscall.Errno(0)"), ""},
		{"loop.go", uses("syscall", "syscall.SIGIO"), ""},
		{"netconn/x.go", uses("syscall", "syscall.RawConn(nil)"), ""},
		{"internal/sys/x.go", uses("syscall", "syscall.Getpid"), ""},
		{"siginfo/x.go", imports(module), whyDown},
		{"siginfo/x.go", imports(module + "/internal/sys"), whyDown},
		{"receiver/x.go", imports(module + "/output"), whyDown},
		{"receiver/x.go", imports(module + "/message"), ""},
		{"receiver/x_test.go", imports(module + "/output"), ""},
		{"loop.go", imports(module + "/internal/nowhere"), whyNew},
		{"util/x.go", "package util\n", whyNew},
		{"loop.go", imports(module + "/internal/sigtest"), whyAid},
		{"loop_test.go", imports(module + "/internal/sigtest"), ""},
		{"internal/sigtest/x.go", imports(module + "/internal/sys"), ""},
		{"loop.go", imports("github.com/spf13/cobra"), whyForeign},
		{"cmd/sigio/x.go", imports("github.com/spf13/cobra"), ""},
		{"cmd/sigio/x.go", imports("github.com/spf13/viper"), whyForeign},
		{"loop.go", imports("C"), whyCgo},
		{"loop.go", imports("log"), whyQuiet},
		{"cmd/sigio/x.go", imports("log"), ""},
		{"loop.go", uses("os", "os.Exit"), whyQuiet},
		{"loop.go", uses("os", "os.Stderr"), whyQuiet},
		{"output/x.go", uses("fmt", "fmt.Println"), whyQuiet},
		{"cmd/sigio/x.go", uses("fmt", "fmt.Println"), ""},
		{"examples/udp/main.go", uses("fmt", "fmt.Println"), ""},
		{"loop.go", long, whyLong},
		{"loop_test.go", long, ""},
		{"loop.go", "package p\nimport . \"fmt\"\n", "a reader cannot tell"},
	} {
		got := strings.Join(check(c.path, []byte(c.source)), "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s with %q: complaints %q, want %q", c.path, c.source, got, c.want)
		}
	}
}

// TestDependenciesAreExplained keeps docs/dependencies.md in step with go.mod.
func TestDependenciesAreExplained(t *testing.T) {
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join("docs", "dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for line := range strings.Lines(string(mod)) {
		fields := strings.Fields(strings.TrimPrefix(line, "require"))
		if len(fields) < 2 || !strings.Contains(fields[0], ".") || !strings.HasPrefix(fields[1], "v") {
			continue
		}
		found++
		if !strings.Contains(string(page), "`"+fields[0]+"`") {
			t.Errorf("docs/dependencies.md does not say why go.mod requires %s", fields[0])
		}
	}
	if found == 0 {
		t.Error("found no requirement in go.mod: the test does not read it")
	}
}
