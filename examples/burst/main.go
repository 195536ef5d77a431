//go:build linux

// Burst sends the same bursts of messages to servers that read by signals, and
// prints how many of them each has printed, how many it has lost, and where these
// are. The servers are the other programs under examples, and sigio serve.
//
//	burst [-runs N] [-settle D] [-bin DIR] [-colour]
//
// The figures and the picture of docs/why-the-single-threaded-server-loses.md are
// its output.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const module = "github.com/seed-067c1534/sigio"

func main() {
	log.SetFlags(0)
	runs := flag.Int("runs", 1, "repeat everything this often and print the medians")
	settle := flag.Duration("settle", time.Second, "how long a losing server must have printed nothing to be called done")
	bin := flag.String("bin", "", "directory of the built servers (default: build them with the go command)")
	colour := flag.Bool("colour", isTerminal(os.Stdout) && os.Getenv("NO_COLOR") == "", "mark what was lost")
	flag.Parse()
	if *runs < 1 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*runs, *settle, *bin, *colour); err != nil {
		log.Fatal("burst: ", err)
	}
}

func run(runs int, settle time.Duration, bin string, colour bool) error {
	if bin == "" {
		dir, err := os.MkdirTemp("", "burst")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		if err := build(dir); err != nil {
			return err
		}
		bin = dir
	}
	results := make([][][]result, len(bursts)) // by burst, server, run
	for n := range runs {
		for i, b := range bursts {
			if n == 0 {
				results[i] = make([][]result, len(b.servers))
			}
			for j, s := range b.servers {
				if isTerminal(os.Stderr) {
					fmt.Fprintf(os.Stderr, "\r\x1b[Krun %d of %d: %s", n+1, runs, s.name)
				}
				r, err := try(bin, b, s, settle)
				if err != nil {
					return fmt.Errorf("%s: %w", s.name, err)
				}
				results[i][j] = append(results[i][j], r)
			}
		}
	}
	if isTerminal(os.Stderr) {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
	report(runs, colour, results)
	return nil
}

func build(dir string) error {
	args := []string{"build", "-o", dir}
	for _, program := range []string{
		"examples/naive", "examples/halfway", "examples/udpserver", "examples/tcpserver", "examples/goroutines", "cmd/sigio",
	} {
		args = append(args, module+"/"+program)
	}
	c := exec.Command("go", args...)
	c.Stderr = os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("build the servers (burst wants to be run inside the module): %w", err)
	}
	return nil
}

// report prints the run with the median of messages printed, and their range.
func report(runs int, colour bool, results [][][]result) {
	paint := func(sgr, text string) string {
		if !colour {
			return text
		}
		return "\x1b[" + sgr + "m" + text + "\x1b[0m"
	}
	fmt.Printf("Linux %s, %s, %d processors, %s", release(), runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	if runs > 1 {
		fmt.Printf("; medians of %d runs", runs)
	}
	fmt.Println()
	for i, b := range bursts {
		fmt.Printf("\n%s\n", paint("1", b.title))
		fmt.Println(paint("2", row("server", "sent", "printed", spread(runs, "range"), "lost", "cpu", "why")))
		for j, s := range b.servers {
			all := results[i][j]
			slices.SortFunc(all, func(x, y result) int { return cmp.Compare(x.printed, y.printed) })
			m := all[len(all)/2]
			span := ""
			if least, most := all[0].printed, all[len(all)-1].printed; least != most {
				span = fmt.Sprintf("%d-%d", least, most)
			}
			lost := paint("32", fmt.Sprintf("%5d", 0))
			if n := m.sent - m.printed; n > 0 {
				lost = paint("31", fmt.Sprintf("%5d", n))
			}
			fmt.Println(row(s.name, m.sent, m.printed, spread(runs, span), lost,
				fmt.Sprint(m.cpu.Milliseconds(), " ms"), m.why))
		}
	}
}

// row is a line of the table. What is coloured has its width already.
func row(server string, sent, printed any, spread string, lost, cpu any, why string) string {
	return strings.TrimRight(fmt.Sprintf("  %-16s  %4v  %7v%s  %5v  %6v  %s", server, sent, printed, spread, lost, cpu, why), " ")
}

// spread is a column that exists if there is more than one run.
func spread(runs int, text string) string {
	if runs == 1 {
		return ""
	}
	return fmt.Sprintf("  %9s", text)
}

func release() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "?"
	}
	return unix.ByteSliceToString(u.Release[:])
}

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
