// Bench measures sigio and its peers side by side.
//
//	go run .                        everything, in turn; takes hours
//	go run . --workloads tcp-echo --contestants sigio,net --rounds 3
//	go run . --quick                each workload for a moment; checks only
//	go run . list                   the workloads and the contestants
//	go run . plot FILE.json FOLDER  draws what --json FILE.json has kept
//
// It runs in its own folder, since it builds what it measures. See README.md.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/seed-067c1534/sigio/bench/load"
	"github.com/seed-067c1534/sigio/bench/report"
	"github.com/seed-067c1534/sigio/bench/service"
	"github.com/seed-067c1534/sigio/bench/workload"
)

// The main goroutine starts all processes, and keeps its thread: see package arena.
func init() { runtime.LockOSThread() }

func main() {
	if err := choose(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func choose(args []string) error {
	word := ""
	if len(args) > 0 {
		word = args[0]
	}
	switch word {
	case "server": // of this program's own
		runtime.UnlockOSThread()
		service.Main(contestants...)
		return nil
	case "load":
		return runLoad()
	case "list":
		list(os.Stdout)
		return nil
	case "plot":
		if len(args) != 3 {
			return errors.New("want plot FILE.json FOLDER")
		}
		r, err := report.Read(args[1])
		if err != nil {
			return err
		}
		return r.Plot(args[2])
	}
	return run(args)
}

// runLoad is the load's process: a job comes in, its metrics go out.
func runLoad() error {
	var job load.Job
	if err := json.NewDecoder(os.Stdin).Decode(&job); err != nil {
		return err
	}
	f, ok := workload.Loads[job.Kind]
	if !ok {
		return fmt.Errorf("there is no load %q", job.Kind)
	}
	m, err := f(&job)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(m)
}
