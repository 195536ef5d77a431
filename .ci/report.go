// Report reads the output of `go test -json` and prints what a person wants to see
// of it: a line for each package, everything that a failed test said, and each
// skipped test with its reason. It exits with 1 if a test failed, if none ran, or
// if one was skipped for a reason that does not match -allow.
//
//	go test -json ./... | go run .ci/report.go -allow 'needs root'
//
// With -again FILE it writes there the package and the name of each failed test, if
// that is all that went wrong and if it may be the fault of the machine: two tests at
// most, no panic, no data race, no time-out.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

type event struct {
	Action, Package, Test, Output, ImportPath string
	Elapsed                                   float64
}

func main() {
	allow := flag.String("allow", "", "skipping is in order if the reason matches this regular expression")
	again := flag.String("again", "", "file for the names of the tests that are worth another try")
	flag.Parse()
	code, err := report(*allow, *again)
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		code = 2
	}
	os.Exit(code)
}

func report(allow, again string) (int, error) {
	allowed, err := regexp.Compile(allow)
	if err != nil {
		return 0, err
	}
	said := map[string]*strings.Builder{} // by package and test
	var skipped []string
	passed, failed, forbidden := 0, 0, 0
	var retry failures
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var e event
		if json.Unmarshal(in.Bytes(), &e) != nil {
			fmt.Println(in.Text()) // a build's error is not JSON
			continue
		}
		key := e.Package + " " + e.Test
		if said[key] == nil {
			said[key] = new(strings.Builder)
		}
		switch took := time.Duration(e.Elapsed * float64(time.Second)); {
		case e.Action == "output":
			said[key].WriteString(e.Output)
		case e.Action == "build-output":
			fmt.Print(e.Output)
		case e.Action == "build-fail":
			failed++
			retry.hopeless = true
		case e.Test == "" && e.Action == "pass":
			fmt.Printf("ok  \t%s\t%v\n", e.Package, took)
		case e.Test == "" && e.Action == "fail":
			for test, text := range said { // those that came to no end
				if strings.HasPrefix(test, key) && test != key {
					fmt.Print(text)
					retry.hopeless = true
				}
			}
			retry.ended(e.Package, said[key].String())
			fmt.Printf("%sFAIL\t%s\t%v\n", said[key], e.Package, took)
			failed++ // beside its tests, since a package can fail without one
		case e.Action == "pass":
			passed++
		case e.Action == "fail":
			fmt.Print(said[key])
			failed++
			retry.add(e.Package, e.Test, said[key].String())
		case e.Action == "skip" && e.Test != "":
			why := reason(said[key].String())
			line := fmt.Sprintf("skipped %s %s: %s", e.Package, e.Test, why)
			if allow == "" || !allowed.MatchString(why) {
				forbidden++
				line = "NOT ALLOWED: " + line
			}
			skipped = append(skipped, line)
		}
		if e.Action == "pass" || e.Action == "fail" || e.Action == "skip" {
			delete(said, key)
		}
	}
	if err := in.Err(); err != nil {
		return 0, err
	}
	slices.Sort(skipped)
	for _, line := range skipped {
		fmt.Println(line)
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", passed, failed, len(skipped))
	if again != "" && failed > 0 && forbidden == 0 && retry.worth() {
		return 1, os.WriteFile(again, []byte(strings.Join(retry.tests, "\n")+"\n"), 0o600)
	}
	if failed > 0 || forbidden > 0 || passed == 0 {
		return 1, nil
	}
	return 0, nil
}

// failures are the failed tests, in the order of their ends.
type failures struct {
	tests    []string // package and name, without those of subtests
	hopeless bool     // something failed that no machine is to blame for
}

var fault = regexp.MustCompile(`(?m)^(panic:|fatal error:|SIG[A-Z]+:|WARNING: DATA RACE)|test timed out`)

func (f *failures) add(pack, test, output string) {
	test, _, _ = strings.Cut(test, "/")
	if name := pack + " " + test; !slices.Contains(f.tests, name) {
		f.tests = append(f.tests, name)
	}
	f.hopeless = f.hopeless || fault.MatchString(output)
}

// ended takes note of a package that failed, which it may have done without a failed test.
func (f *failures) ended(pack, output string) {
	ofPackage := func(name string) bool { return strings.HasPrefix(name, pack+" ") }
	f.hopeless = f.hopeless || fault.MatchString(output) || !slices.ContainsFunc(f.tests, ofPackage)
}

func (f *failures) worth() bool {
	return !f.hopeless && len(f.tests) > 0 && len(f.tests) <= 2
}

var frame = regexp.MustCompile(`^(===|---) `)

// reason is what a skipped test said.
func reason(output string) string {
	var lines []string
	for line := range strings.Lines(output) {
		if line = strings.TrimSpace(line); line != "" && !frame.MatchString(line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, " / ")
}
