// Package doctor examines what a machine allows: which kernel it has, whether
// I/O signals work, and which limits will be met first. It changes nothing.
package doctor

import (
	"io/fs"
	"os"
)

// Status is a verdict.
type Status string

// The verdicts.
const (
	OK   Status = "ok"   // nothing to do
	Warn Status = "warn" // works, but a limit is low or a feature is missing
	Fail Status = "fail" // sigio cannot do its work here
)

// Check is the outcome of one examination. The keys of its JSON form are stable.
type Check struct {
	Name    string `json:"name"`          // what was looked at: "signal queue"
	Status  Status `json:"status"`        // the verdict
	Value   string `json:"value"`         // what was found
	Meaning string `json:"meaning"`       // what that is good for, or what it costs
	Fix     string `json:"fix,omitempty"` // the command that changes it; "" if there is nothing to change
}

// Examine makes all examinations and returns their outcomes in a fixed order.
// It takes well below a second, unless signals do not arrive: then 2 s more. It
// opens a few sockets on the loopback interface and closes them, and may be
// called from any goroutine.
func Examine() []Check {
	m := machine{files: os.DirFS("/")}
	var all []Check
	for _, look := range readings {
		if c, known := look(m); known {
			all = append(all, c)
		}
	}
	return append(all, trials()...)
}

// Healthy says that no check failed.
func Healthy(checks []Check) bool {
	for _, c := range checks {
		if c.Status == Fail {
			return false
		}
	}
	return true
}

// machine is what can be read of a machine: /proc and /sys, or a test's idea of
// them.
type machine struct{ files fs.FS }

// readings are the examinations that only read files. Each says whether the
// machine has what it looks at; where there is no /proc, none does.
var readings = []func(machine) (c Check, known bool){
	kernelVersion,
	signalQueue,
	descriptors,
	receiveBuffer,
	backlog,
	ports,
	multipath,
	leases,
	memory,
	tasks,
}
