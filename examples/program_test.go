//go:build linux

package examples_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const module = "github.com/seed-067c1534/sigio"

// fatal is absurdly long: it only ends a test that would hang.
const fatal = 60 * time.Second

// directory is where the tests find the programs. They are built once, when the
// first test asks.
var (
	directory string
	built     = sync.OnceValue(func() error {
		c := exec.Command("go", "build", "-o", directory, module+"/examples/...", module+"/cmd/sigio")
		c.Stderr = os.Stderr
		return c.Run()
	})
)

func TestMain(m *testing.M) {
	var err error
	if directory, err = os.MkdirTemp("", "examples"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(directory)
	os.Exit(code)
}

// path returns where a program is.
func path(t *testing.T, name string) string {
	t.Helper()
	if err := built(); err != nil {
		t.Fatal("build the examples:", err)
	}
	return filepath.Join(directory, name)
}

// program is an example that runs.
type program struct {
	t      *testing.T
	cmd    *exec.Cmd
	out    chan string // lines of standard output
	errs   chan string // lines of standard error
	reaped bool
}

// start starts a program; it is ended at the end of the test if not before.
func start(t *testing.T, c *exec.Cmd) *program {
	t.Helper()
	p := &program{t: t, cmd: c}
	p.out = lines(t, c.StdoutPipe)
	p.errs = lines(t, c.StderrPipe)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !p.reaped {
			c.Process.Kill()
			c.Wait()
		}
	})
	return p
}

func lines(t *testing.T, pipe func() (io.ReadCloser, error)) chan string {
	t.Helper()
	r, err := pipe()
	if err != nil {
		t.Fatal(err)
	}
	c := make(chan string, 10000) // more than any test makes, so that nobody waits
	go func() {
		defer close(c)
		for b := bufio.NewReader(r); ; {
			line, err := b.ReadString('\n')
			if line != "" {
				c <- strings.TrimSuffix(line, "\n")
			}
			if err != nil {
				return
			}
		}
	}()
	return c
}

// serve starts a server on a free port and returns when it listens.
func serve(t *testing.T, name string) (p *program, address string) {
	t.Helper()
	return listening(t, exec.Command(path(t, name), "127.0.0.1:0"))
}

func listening(t *testing.T, c *exec.Cmd) (p *program, address string) {
	t.Helper()
	p = start(t, c)
	_, address, ok := strings.Cut(p.next(p.errs), "listening on ")
	if !ok {
		t.Fatal("it does not say where it listens")
	}
	return p, address
}

// next waits for the next line of out or errs.
func (p *program) next(from chan string) string {
	p.t.Helper()
	select {
	case line, ok := <-from:
		if !ok {
			p.t.Fatal("the program ended")
		}
		return line
	case <-time.After(fatal):
		p.t.Fatalf("waited %v for a line", fatal)
	}
	return ""
}

func (p *program) expect(line string) {
	p.t.Helper()
	if got := p.next(p.out); got != line {
		p.t.Fatalf("printed %.200q, want %.200q", got, line)
	}
}

// pause keeps the program from running, so that what is sent to it comes at once;
// resume lets it go on.
func (p *program) pause() { p.t.Helper(); p.signal(syscall.SIGSTOP) }

func (p *program) resume() time.Time {
	p.t.Helper()
	p.signal(syscall.SIGCONT)
	return time.Now()
}

// promptly does something, and fails if it takes so long that the loop's periodic look, every
// 5 s, may have repaired what the program did wrong. What the program does wrong it does again;
// a machine that had no time for it may have some now.
func promptly(t *testing.T, do func() (since time.Time)) {
	t.Helper()
	for range 3 {
		took := time.Since(do())
		if took < 4*time.Second {
			return
		}
		t.Logf("it took %v", took)
	}
	t.Error("it takes too long")
}

func (p *program) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// end waits until the program ends by itself and returns its error.
func (p *program) end() error {
	p.t.Helper()
	// Wait closes the pipes, so everything must have been read before.
	for _, c := range []chan string{p.out, p.errs} {
		for open := true; open; {
			var line string
			select {
			case line, open = <-c:
				if open {
					p.t.Log("unread line: ", line)
				}
			case <-time.After(fatal):
				p.t.Fatalf("waited %v for the program's end", fatal)
			}
		}
	}
	p.reaped = true
	return p.cmd.Wait()
}

// stop asks the program to end, as a service manager does.
func (p *program) stop() {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	if err := p.end(); err != nil {
		p.t.Error("after SIGTERM:", err)
	}
}
