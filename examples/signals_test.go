//go:build linux && (amd64 || arm64)

package examples_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

func TestKillerSaysWho(t *testing.T) {
	t.Parallel()
	p := start(t, exec.Command(path(t, "killer")))
	p.next(p.errs) // it waits now
	p.signal(syscall.SIGTERM)
	line := p.next(p.out)
	want := fmt.Sprintf("SIGTERM from process %d of user %d, ", os.Getpid(), os.Getuid())
	if !strings.HasPrefix(line, want) {
		t.Errorf("it says %q, want %q", line, want)
	}
	if err := p.end(); err != nil {
		t.Error(err)
	}
}

func TestQueuejobAddsUp(t *testing.T) {
	t.Parallel()
	p := start(t, exec.Command(path(t, "queuejob")))
	p.next(p.errs)
	args, sum := []string{fmt.Sprint(p.cmd.Process.Pid)}, 0
	for i := 1; i <= 500; i++ {
		args = append(args, fmt.Sprint(i))
	}
	sender := exec.Command(path(t, "queuejob"), append(args, "0")...)
	if out, err := sender.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for i := 1; i <= 500; i++ {
		sum += i
		p.expect(fmt.Sprintf("%d from process %d, sum %d", i, sender.Process.Pid, sum))
	}
	if err := p.end(); err != nil {
		t.Error(err)
	}
}
