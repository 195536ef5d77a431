package load

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Meter measures what a server uses from its start on.
type Meter struct {
	pid            int
	start          time.Time
	cpu, own, busy time.Duration
	trace          *trace
}

// StartMeter begins now.
func StartMeter(j *Job) *Meter {
	t := &Meter{pid: j.PID}
	if j.Trace {
		t.trace = startTrace(j.PID)
	}
	t.start, t.cpu, t.own, t.busy = time.Now(), CPU(j.PID), processClock(os.Getpid()), Busy()
	return t
}

// Stop ends the measurement of n requests, and adds to m: the server's processor
// seconds, in all and for a million of them, its peak of memory, and how much of one
// processor others have used meanwhile.
func (t *Meter) Stop(m Metrics, n int) {
	cpu := CPU(t.pid) - t.cpu
	own := processClock(os.Getpid()) - t.own
	foreign := Busy() - t.busy - cpu - own
	m["foreign"] = max(0, foreign.Seconds()/time.Since(t.start).Seconds())
	m["cpu"] = cpu.Seconds()
	_, peak := Memory(t.pid)
	m["peak"] = float64(peak)
	if n == 0 {
		return
	}
	m["cpu_per_million"] = cpu.Seconds() / float64(n) * 1e6
	if t.trace != nil {
		if calls, ok := t.trace.stop(); ok {
			m["calls"] = float64(calls) / float64(n)
		}
	}
}

// trace counts the system calls of a process by perf(1), where it is installed and
// allowed.
type trace struct {
	cmd *exec.Cmd
	out bytes.Buffer
}

const traceEvent = "raw_syscalls:sys_enter"

func startTrace(pid int) *trace {
	t := &trace{cmd: exec.Command("perf", "stat", "-x,", "-e", traceEvent, "-p", strconv.Itoa(pid))}
	t.cmd.Stderr = &t.out
	t.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if t.cmd.Start() != nil {
		return nil
	}
	Pause(300 * time.Millisecond) // it does not tell when it has begun
	return t
}

func (t *trace) stop() (calls int, ok bool) {
	t.cmd.Process.Signal(os.Interrupt)
	t.cmd.Wait() // it ends by the signal; its output tells whether it has counted
	for line := range strings.Lines(t.out.String()) {
		if f := strings.Split(line, ","); len(f) > 2 && f[2] == traceEvent {
			calls, err := strconv.Atoi(f[0])
			return calls, err == nil
		}
	}
	return 0, false
}
