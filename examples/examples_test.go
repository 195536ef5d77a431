//go:build linux

package examples_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sys"
)

func dial(t *testing.T, network, address string) net.Conn {
	t.Helper()
	c, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(fatal))
	t.Cleanup(func() { c.Close() })
	return c
}

// say sends a message in parts over a connection of its own, and closes it.
func say(t *testing.T, address string, parts ...string) {
	t.Helper()
	c := dial(t, "tcp", address)
	for _, p := range parts {
		write(t, c, p)
	}
	c.Close()
}

func write(t *testing.T, w io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
}

func TestUDPServer(t *testing.T) {
	t.Parallel()
	p, address := serve(t, "udpserver")
	c := dial(t, "udp", address)
	for _, datagram := range []string{"one", "", "Zoë\n\x1b[2J", strings.Repeat("x", 60000)} {
		write(t, c, datagram)
		p.expect(fmt.Sprintf("%q", datagram))
	}
	// More at once than one turn of the handler takes.
	promptly(t, func() time.Time {
		p.pause()
		for i := range 200 {
			write(t, c, fmt.Sprint("datagram ", i))
		}
		resumed := p.resume()
		for i := range 200 {
			p.expect(fmt.Sprintf(`"datagram %d"`, i))
		}
		return resumed
	})
	p.stop()
}

func TestTCPServer(t *testing.T) {
	t.Parallel()
	p, address := serve(t, "tcpserver")
	silent := dial(t, "tcp", address)
	say(t, address) // says nothing and goes: no line

	parts := make([]string, 100)
	for i := range parts {
		parts[i] = fmt.Sprint(i, " ")
	}
	say(t, address, parts...)
	p.expect(fmt.Sprintf("%q", strings.Join(parts, "")))

	long := dial(t, "tcp", address)
	write(t, long, strings.Repeat("x", 64<<10))
	// One byte too many, which may meet a connection that is closed already.
	if _, err := long.Write([]byte("x")); err == nil {
		if n, err := long.Read(make([]byte, 1)); err == nil {
			t.Errorf("read %d bytes after a message that is too long", n)
		}
	}
	if line := p.next(p.errs); !strings.Contains(line, "refused") {
		t.Errorf("said %q", line)
	}

	// More at once than one turn of the handler accepts.
	promptly(t, func() time.Time {
		p.pause()
		var want, got []string
		for i := range 100 {
			message := fmt.Sprint("message ", i)
			want = append(want, fmt.Sprintf("%q", message))
			say(t, address, message)
		}
		resumed := p.resume()
		for range want {
			got = append(got, p.next(p.out))
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("printed %q", got)
		}
		return resumed
	})

	write(t, silent, "not so silent")
	silent.Close()
	p.expect(`"not so silent"`)
	p.stop()
}

// A connection that could not be accepted for want of a descriptor has used up
// its signal. Without the timer in accept it would wait for the loop's periodic
// look, up to 5 s later.
func TestTCPServerRunsOutOfDescriptors(t *testing.T) {
	t.Parallel()
	promptly(t, func() time.Time {
		p, address := listening(t, exec.Command("sh", "-c", `ulimit -n 20 && exec "$0" 127.0.0.1:0`, path(t, "tcpserver")))
		defer p.cmd.Process.Kill()
		var clients []net.Conn
		for range 20 {
			clients = append(clients, dial(t, "tcp", address))
		}
		if line := p.next(p.errs); !strings.Contains(line, "too many open files") {
			t.Fatalf("said %q", line)
		}
		write(t, clients[19], "the last one")
		clients[19].Close()
		for _, c := range clients[:19] { // however many descriptors the program has left for them
			c.Close()
		}
		closed := time.Now()
		p.expect(`"the last one"`)
		return closed
	})
}

func TestGoroutines(t *testing.T) {
	t.Parallel()
	p, address := serve(t, "goroutines")
	dial(t, "tcp", address) // a client that says nothing, until the end
	say(t, address, "one")  // and one that does not want its answer
	p.expect(`"one"`)

	// More than all buffers on the way hold: the answer has to wait for room.
	message := strings.Repeat("0123456789abcdef", 15<<16)
	c := dial(t, "tcp", address).(*net.TCPConn)
	write(t, c, message)
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	p.expect(`"` + message + `"`)
	say(t, address, "another meanwhile")
	p.expect(`"another meanwhile"`)
	got, err := io.ReadAll(c)
	if err != nil || string(got) != message {
		t.Errorf("%d bytes came back of %d, error %v", len(got), len(message), err)
	}
	p.stop()
}

func TestTerminalReadsAPipe(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	c := exec.Command(path(t, "terminal"))
	c.Stdin = r
	p := start(t, c)
	write(t, w, "one\ntw")
	p.expect(`1: "one"`)
	write(t, w, "o\n\nlast")
	p.expect(`2: "two"`)
	p.expect(`3: ""`)
	w.Close()
	p.expect(`4: "last"`)
	p.expect("end of input after 4 lines")
	if err := p.end(); err != nil {
		t.Error(err)
	}
	if flags, err := sys.Flags(int(r.Fd())); err != nil || flags&sys.FlagNonblock != 0 {
		t.Errorf("the pipe that others share has flags %#x, %v", flags, err)
	}
}

func TestTerminalReadsATerminal(t *testing.T) {
	t.Parallel()
	master, slave, err := sys.OpenPTY()
	if err != nil {
		t.Fatal(err)
	}
	defer sys.Close(master)
	c := exec.Command(path(t, "terminal"))
	c.Stdin = os.NewFile(uintptr(slave), "terminal")
	p := start(t, c)
	defer c.Stdin.(*os.File).Close()
	typed := func(keys string) {
		if _, err := sys.Write(master, []byte(keys)); err != nil {
			t.Fatal(err)
		}
	}
	typed("hello\n")
	p.expect(`1: "hello"`)
	typed("wrold\x7f\x7f\x7f\x7forld\n") // the terminal edits the line
	p.expect(`2: "world"`)
	typed("\x04")
	p.expect("end of input after 2 lines")
	if err := p.end(); err != nil {
		t.Error(err)
	}
}

func TestTerminalRefusesAFile(t *testing.T) {
	t.Parallel()
	f, err := os.Open("examples_test.go")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c := exec.Command(path(t, "terminal"))
	c.Stdin = f
	var said bytes.Buffer
	c.Stderr = &said
	if err := c.Run(); err == nil || !strings.Contains(said.String(), "neither a terminal nor a pipe") {
		t.Errorf("error %v, said %q", err, said.String())
	}
}
