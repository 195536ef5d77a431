// Sigio receives messages by signal-driven I/O, accounts for every one of them,
// and shows the signals behind. `sigio --help` lists its commands.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/spf13/cobra"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// The exit codes. After a second SIGINT or SIGTERM it is 128 plus the signal's
// number instead, as a shell has it.
const (
	exitOK      = 0
	exitFailure = 1 // the command could not do its work, or not all of it
	exitUsage   = 2 // the command line was wrong, and nothing was done
)

// streams are the three files that every program has.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot(streams{stdin, stdout, stderr})
	root.SetArgs(args)
	command, err := root.ExecuteC()
	if err == nil {
		return exitOK
	}
	var f *failure
	if !errors.As(err, &f) {
		// Everything that cobra complains about by itself concerns the command line.
		fmt.Fprintf(stderr, "%s: %v\n%[1]s --help explains.\n", command.CommandPath(), err)
		return exitUsage
	}
	if f.err != nil {
		fmt.Fprintf(stderr, "%s: %v\n%s", command.CommandPath(), f.err, needsLinux(f.err, runtime.GOOS))
	}
	return f.code
}

// needsLinux is what to say more about an error on a system that cannot do it.
func needsLinux(err error, goos string) string {
	if goos == "linux" || !errors.Is(err, errors.ErrUnsupported) {
		return ""
	}
	return "Sigio needs Linux, whose signals say which descriptor is meant; this is " + goos + ".\n"
}

// failure is an error that is not about the command line: what a command's work
// returned. A nil err has been told already.
type failure struct {
	code int
	err  error
}

func (f *failure) Error() string { return fmt.Sprint(f.err) }
func (f *failure) Unwrap() error { return f.err }

// usage is an error about the command line that only a command itself can find,
// such as two options that exclude one another.
type usage struct{ err error }

func (u *usage) Error() string { return u.err.Error() }
func (u *usage) Unwrap() error { return u.err }

func usagef(format string, args ...any) error { return &usage{fmt.Errorf(format, args...)} }

// work makes cobra's function of a command's own: its errors are failures, except
// those about usage.
func work(f func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		err := f(cmd, args)
		var f *failure
		var u *usage
		switch {
		case err == nil, errors.As(err, &f), errors.As(err, &u):
			return err
		}
		return &failure{exitFailure, err}
	}
}
