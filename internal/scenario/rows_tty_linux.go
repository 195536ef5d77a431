package scenario

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// terminal arms one side of a pseudoterminal.
func terminal(name string) func(*env) {
	return func(e *env) {
		e.pty()
		e.arm(name, "pseudoterminal")
	}
}

func ttyRows() []Scenario {
	return []Scenario{{
		Name: "tty-line", Title: "Terminal: a line is typed",
		Explain: "In canonical mode a terminal keeps what is typed until the line is complete, and only then sends POLL_IN.",
		setup:   terminal("slave"),
		Steps: []Step{
			{Text: "half a line is typed", do: write("master", "half a")},
			{Text: "the rest and Enter", do: write("master", " line\n"), Want: one("slave", siginfo.PollIn),
				Look: []Look{{"slave", siginfo.In | siginfo.Out}}},
			{Text: "it is read", do: readAll("slave")},
		},
	}, {
		Name: "tty-raw", Title: "Terminal in raw mode: a key is pressed",
		Explain: "Without canonical mode each key that arrives sends POLL_IN.",
		setup: func(e *env) {
			e.pty()
			e.must(sys.SetRaw(e.fd("slave")))
			e.arm("slave", "pseudoterminal")
		},
		Steps: []Step{
			{Text: "one key is pressed", do: write("master", "x"), Want: one("slave", siginfo.PollIn)},
			{Text: "another, before the first has been read", do: write("master", "y"), Want: one("slave", siginfo.PollIn)},
		},
	}, {
		Name: "tty-master", Title: "Terminal: a program writes to it",
		Explain: "What a program prints arrives at the master side, where a terminal emulator reads: POLL_IN.",
		setup:   terminal("master"),
		Steps: []Step{
			{Text: "the program writes", do: write("slave", "hello"), Want: some("master", siginfo.PollIn),
				Look: []Look{{"master", siginfo.In | siginfo.Out}}},
			{Text: "it is read", do: readAll("master")},
		},
	}, {
		Name: "tty-hang-up", Title: "Terminal: the other side is closed",
		Explain: "A hang-up sends nothing: the kernel takes the signals off the terminal before it wakes anyone. poll(2) knows, " +
			"and a read would, so whoever waits for terminals by signals alone has to look now and then.",
		setup: terminal("slave"),
		Steps: []Step{
			{Text: "the master side is closed", do: closeFD("master"),
				Look: []Look{{"slave", siginfo.In | siginfo.Out | siginfo.Err | siginfo.Hup}}},
			{Text: "we read", do: readAll("slave")},
		},
	}, {
		Name: "tty-program-ends", Title: "Terminal: the last program closes it",
		Explain: "The same from the master's side: no signal, poll(2) says HUP, and a read returns EIO.",
		setup:   terminal("master"),
		Steps: []Step{
			{Text: "the terminal is closed", do: closeFD("slave"), Look: []Look{{"master", siginfo.Out | siginfo.Hup}}},
			{Text: "we read", do: readAll("master")},
		},
	}, {
		Name: "unsupported-files", Title: "Files that cannot signal",
		Explain: "Regular files, directories, /dev/null, eventfd and many more have no signals. Asked with ioctl(FIOASYNC) the " +
			"kernel says ENOTTY; asked with fcntl(F_SETFL, O_ASYNC), as every manual shows it, it says yes and does nothing.",
		setup: func(*env) {},
		Steps: []Step{{Text: "signals are asked for on each", do: func(e *env) {
			dir := e.tempDir()
			file := filepath.Join(dir, "file")
			e.must(os.WriteFile(file, []byte("x"), 0o600))
			for _, f := range []struct{ name, path string }{
				{"a regular file", file}, {"a directory", dir}, {"/dev/null", os.DevNull},
			} {
				fd, err := sys.Open(f.path, os.O_RDONLY)
				e.own(f.name, f.name, fd, err)
				e.refuses(f.name)
			}
			fd, err := sys.Eventfd()
			e.own("an eventfd", "an eventfd", fd, err)
			e.refuses("an eventfd")
			fd, err = sys.NewSignalfd(e.mask)
			e.own("a signalfd", "a signalfd", fd, err)
			e.refuses("a signalfd")
		}}},
	}}
}

// refuses asks for signals in both ways.
func (e *env) refuses(name string) {
	fd := e.fd(name)
	e.must(sys.SetOwnerThread(fd, e.tid))
	e.must(sys.SetSignal(fd, Signal))
	honest := sys.SetAsync(fd, true)
	flags, err := sys.Flags(fd)
	e.must(err)
	polite := sys.SetFlags(fd, flags|sys.FlagAsync)
	e.note("%s: FIOASYNC %s, F_SETFL %s", name, outcome(0, honest), outcome(0, polite))
	if !errors.Is(honest, syscall.ENOTTY) {
		e.fail("FIOASYNC on %s: expected ENOTTY, observed %v", name, honest)
	}
	if polite != nil {
		e.fail("F_SETFL on %s: expected success, observed %v", name, polite)
	}
}
