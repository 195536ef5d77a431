package scenario

import (
	"os"
	"path/filepath"

	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// piped arms ends of a pipe.
func piped(names ...string) func(*env) {
	return func(e *env) {
		e.pipe()
		for _, n := range names {
			e.arm(n, "pipe")
		}
	}
}

func pipeRows() []Scenario {
	return []Scenario{{
		Name: "pipe-data", Title: "Pipe: the read end",
		Explain: "Each write sends one POLL_IN, whether or not the pipe was empty before. (Linux 5.5 to 5.13 signalled only " +
			"when it was.) A read that leaves something behind sends nothing.",
		setup: piped("reader"),
		Steps: []Step{
			{Text: "one write", do: write("writer", "hello"), Want: one("reader", siginfo.PollIn),
				Look: []Look{{"reader", siginfo.In}}},
			{Text: "two more before anything has been read", do: repeat(2, write("writer", "hello")),
				Want: times(2, "reader", siginfo.PollIn)},
			{Text: "the reader reads 4 bytes of 15", do: readSome("reader", 4), Look: []Look{{"reader", siginfo.In}}},
		},
	}, {
		Name: "pipe-end", Title: "Pipe: the last writer closes",
		Explain: "The end of the data is POLL_IN, not POLL_HUP, although poll(2) says HUP: read returns 0.",
		setup:   piped("reader"),
		Steps: []Step{
			{Text: "the writer closes", do: closeFD("writer"), Want: one("reader", siginfo.PollIn),
				Look: []Look{{"reader", siginfo.Hup}}},
			{Text: "the reader reads", do: readAll("reader")},
		},
	}, {
		Name: "pipe-space", Title: "Pipe: the write end",
		Explain: "Each read of the other side sends POLL_OUT to the write end: also when the pipe was never full, and also a " +
			"read that found nothing. So POLL_OUT on a pipe does not say that anything changed.",
		setup: piped("writer"),
		Steps: []Step{
			{Text: "the writer writes 5 bytes", do: write("writer", "hello")},
			{Text: "the reader reads them", do: readSome("reader", 5), Want: one("writer", siginfo.PollOut),
				Look: []Look{{"writer", siginfo.Out}}},
			{Text: "the reader reads once more", do: readSome("reader", 5), Want: one("writer", siginfo.PollOut)},
		},
	}, {
		Name: "pipe-no-space", Title: "Pipe: POLL_OUT and still no room",
		Explain: "A pipe keeps data in pages, and a page is free when it has been read to its end. The reader takes 100 " +
			"bytes, the kernel sends POLL_OUT, and yet a write returns EAGAIN: an event is a hint, only the call itself tells.",
		setup: func(e *env) {
			e.pipe()
			fill("writer")(e)
			e.arm("writer", "pipe")
		},
		Steps: []Step{
			{Text: "the reader reads 100 bytes of a full pipe", do: readSome("reader", 100), Want: one("writer", siginfo.PollOut),
				Look: []Look{{"writer", 0}}},
			{Text: "the writer tries to write", do: func(e *env) {
				n, err := sys.Write(e.fd("writer"), []byte("x"))
				e.note("write %s", outcome(n, err))
			}},
		},
	}, {
		Name: "pipe-reader-closes", Title: "Pipe: the last reader closes",
		Explain: "The write end gets POLL_OUT, although poll(2) says ERR: the next write fails with EPIPE.",
		setup:   piped("writer"),
		Steps: []Step{
			{Text: "the reader closes", do: closeFD("reader"), Want: one("writer", siginfo.PollOut),
				Look: []Look{{"writer", siginfo.Out | siginfo.Err}}},
			{Text: "the writer tries to write", do: func(e *env) {
				n, err := sys.Write(e.fd("writer"), []byte("x"))
				e.note("write %s", outcome(n, err))
			}},
		},
	}, {
		Name: "fifo-both-ends", Title: "FIFO opened for reading and writing",
		Explain: "A descriptor that is both ends of a FIFO hears itself: its own write is POLL_IN, its own read POLL_OUT.",
		setup: func(e *env) {
			fd, err := sys.Open(e.fifo(), os.O_RDWR)
			e.own("fifo", "the FIFO", fd, err)
			e.arm("fifo", "FIFO")
		},
		Steps: []Step{
			{Text: "we write", do: write("fifo", "hello"), Want: one("fifo", siginfo.PollIn)},
			{Text: "we read", do: readSome("fifo", 5), Want: one("fifo", siginfo.PollOut)},
		},
	}, {
		Name: "fifo-two-readers", Title: "FIFO opened by two readers",
		Explain: "Each open of the FIFO has signals of its own, and one write signals both. Only one of them will get the data.",
		setup: func(e *env) {
			path := e.fifo()
			for _, name := range []string{"first", "second"} {
				fd, err := sys.Open(path, os.O_RDONLY)
				e.own(name, "the "+name+" reader", fd, err)
				e.arm(name, "FIFO")
			}
			fd, err := sys.Open(path, os.O_WRONLY)
			e.own("writer", "the writer", fd, err)
		},
		Steps: []Step{{Text: "the writer writes once", do: write("writer", "hello"),
			Want: then(one("first", siginfo.PollIn), one("second", siginfo.PollIn))}},
	}}
}

func (e *env) fifo() string {
	path := filepath.Join(e.tempDir(), "fifo")
	e.must(sys.MakeFIFO(path))
	return path
}
