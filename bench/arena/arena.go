// Package arena starts servers and loads, each in a process of its own, and stops
// them. It belongs to the main goroutine, locked to its thread, since the kernel
// ends the children when the thread that started them has ended.
package arena

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-067c1534/sigio/bench/load"
	"github.com/seed-067c1534/sigio/bench/peer"
)

const module = "github.com/seed-067c1534/sigio"

// Arena is where contestants meet.
type Arena struct {
	Folder    string // for files, in memory if the machine has such a place
	Self      string // this program
	Module    string // folder of the module that is measured
	Sigio     string // its command
	LoadCPU   int    // the load's processor; -1: any
	ServerCPU int    // the server's; -1: any
	Quick     bool
	Trace     bool // count the server's system calls

	runs int
}

// New makes an arena and builds the sigio command.
func New() (*Arena, error) {
	a := &Arena{LoadCPU: -1, ServerCPU: -1}
	var err error
	if a.Self, err = os.Executable(); err != nil {
		return nil, err
	}
	root := "/dev/shm"
	if unix.Access(root, unix.W_OK) != nil {
		root = ""
	}
	if a.Folder, err = os.MkdirTemp(root, "sigio-bench-"); err != nil {
		return nil, err
	}
	// Children get the limit that was set, not the one that was found.
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err == nil {
		limit.Cur = limit.Max
		syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	}
	a.Sigio = filepath.Join(a.Folder, "sigio")
	return a, a.build()
}

// build builds the command in its own module, whose dependencies are not ours.
func (a *Arena) build() error {
	folder, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return fmt.Errorf("find module %s (run this in its folder bench): %w", module, err)
	}
	cmd := exec.Command("go", "build", "-trimpath", "-o", a.Sigio, "./cmd/sigio")
	a.Module = strings.TrimSpace(string(folder))
	cmd.Dir = a.Module
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the sigio command: %w\n%s", err, out)
	}
	return nil
}

// Close removes the files.
func (a *Arena) Close() { os.RemoveAll(a.Folder) }

// Entry is a contestant with its options.
type Entry struct {
	Spec string // as it was asked for; the name in the tables
	*peer.Contestant
}

// Load runs a load, and returns what it has measured.
func (a *Arena) Load(job load.Job) (load.Metrics, error) {
	job.Quick, job.Trace = a.Quick, a.Trace
	text, err := json.Marshal(job)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(a.Self, "load")
	var out, complaint bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(text), &out, &complaint
	cmd.Env = append(os.Environ(), "GOGC=off", "GOMAXPROCS=1")
	p, err := a.spawn(cmd, a.LoadCPU)
	if err != nil {
		return nil, err
	}
	select {
	case <-p.done:
	case <-time.After(job.Duration + 2*time.Minute):
		p.kill()
		return nil, errors.New("the load did not come to an end")
	}
	if p.err != nil {
		return nil, fmt.Errorf("load: %s", firstLines(complaint.String()))
	}
	var m load.Metrics
	return m, json.Unmarshal(out.Bytes(), &m)
}

// process is a child, in a process group of its own.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // then
}

// spawn starts a child on a processor. The thread's own set of processors is what
// the child inherits.
func (a *Arena) spawn(cmd *exec.Cmd, cpu int) (*process, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second // descendants may hold its output open
	if cpu >= 0 {
		var before, one unix.CPUSet
		one.Set(cpu)
		if err := unix.SchedGetaffinity(0, &before); err != nil {
			return nil, os.NewSyscallError("sched_getaffinity", err)
		}
		if err := unix.SchedSetaffinity(0, &one); err != nil {
			return nil, os.NewSyscallError("sched_setaffinity", err)
		}
		defer unix.SchedSetaffinity(0, &before)
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// kill ends the child and its descendants.
func (p *process) kill() {
	syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.done
}

func firstLines(text string) string {
	lines := strings.SplitN(strings.TrimSpace(text), "\n", 6)
	lines = lines[:min(len(lines), 5)]
	return strings.Join(slices.DeleteFunc(lines, func(s string) bool { return s == "" }), "; ")
}
