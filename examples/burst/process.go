//go:build linux

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is a server that runs.
type process struct {
	cmd     *exec.Cmd
	address string      // where it listens
	lines   chan string // what it prints; closed at the end
	drained chan struct{}

	mu   sync.Mutex
	last string // what it said last on standard error
}

// start returns when the server has said where it listens.
func start(program string, args ...string) (*process, error) {
	p := &process{
		cmd:     exec.Command(program, args...),
		lines:   make(chan string, 4096),
		drained: make(chan struct{}),
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	messages, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	errs := bufio.NewScanner(messages)
	for p.address == "" && errs.Scan() {
		if _, address, ok := strings.Cut(errs.Text(), "listening on "); ok {
			_, host, isURL := strings.Cut(address, "://")
			if !isURL {
				host = address
			}
			p.address = host
		}
		p.last = errs.Text()
	}
	if p.address == "" {
		p.kill()
		return nil, fmt.Errorf("it did not listen: %s", p.last)
	}
	p.last = ""
	go func() {
		defer close(p.drained)
		for errs.Scan() {
			if errs.Text() != "Waiting..." {
				p.mu.Lock()
				p.last = errs.Text()
				p.mu.Unlock()
			}
		}
		io.Copy(io.Discard, messages) // after a line that is too long
	}()
	return p, nil
}

// said returns what the server said last on standard error after it had started.
func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// stop asks the server to end, passes on what it still prints, and returns the
// processor time that it has used.
func (p *process) stop(printed func(line string)) (time.Duration, error) {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, err
	}
	for line := range p.lines {
		printed(line)
	}
	<-p.drained
	err := p.cmd.Wait()
	if failed := new(exec.ExitError); errors.As(err, &failed) && failed.Sys().(syscall.WaitStatus).Signaled() {
		err = nil // as asked
	}
	state := p.cmd.ProcessState
	if state == nil {
		return 0, err
	}
	return state.UserTime() + state.SystemTime(), err
}

// kill is for the case that something failed; after stop it does nothing.
func (p *process) kill() {
	if p.cmd.ProcessState == nil {
		p.cmd.Process.Kill()
		go func() {
			for range p.lines {
			}
		}()
		p.cmd.Wait()
	}
}
