package scenario

import (
	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// surpriseRows is about the rules that programs trip over, whatever the file.
func surpriseRows() []Scenario {
	return []Scenario{{
		Name: "data-before-arming", Title: "What came before the signals were switched on",
		Explain: "A signal announces an arrival. What lay there before sends none, neither when signals are switched on nor " +
			"later: only the next arrival does. So: switch on, then look once.",
		setup: func(e *env) {
			e.udp()
			send("sender", "early")(e)
			e.await("receiver", siginfo.In)
			e.arm("receiver", "UDP")
		},
		Steps: []Step{
			{Text: "a datagram lay there already", Look: []Look{{"receiver", siginfo.In | siginfo.Out}}},
			{Text: "another arrives", do: send("sender", "late"), Want: one("receiver", siginfo.PollIn)},
			{Text: "the receiver reads both", do: readAll("receiver")},
		},
	}, {
		Name: "standard-signal-merges", Title: "Many events, one SIGIO",
		Explain: "Without F_SETSIG the kernel sends plain SIGIO. A standard signal is a mark, not a queue: while one is pending " +
			"further ones change nothing, and it carries neither descriptor nor reason. A handler that then reads once " +
			"leaves the rest lying. A real-time signal queues one record for each event.",
		setup: func(e *env) {
			e.pair(sys.UnixDatagram)
			e.armWith("ours", kindOf(sys.UnixDatagram), 0)
		},
		Steps: []Step{
			{Text: "five datagrams arrive", do: repeat(5, send("peer", "hello")), Want: plain()},
			{Text: "a handler reads once, as it was called once", do: receive("ours"),
				Look: []Look{{"ours", siginfo.In | siginfo.Out}}},
			{Text: "we change to a real-time signal, and five more arrive", do: func(e *env) {
				e.must(sys.SetSignal(e.fd("ours"), Signal))
				repeat(5, send("peer", "hello"))(e)
			}, Want: times(5, "ours", siginfo.PollIn)},
		},
	}, {
		Name: "partial-read", Title: "A read that leaves something behind",
		Explain: "Signals announce arrivals, not contents. After a read that took a part, the rest lies there and nothing will " +
			"announce it: read until EAGAIN, or remember that there is more.",
		setup: connected("server"),
		Steps: []Step{
			{Text: "the client sends 100 bytes", do: sendLong("client", 100), Want: one("server", siginfo.PollIn)},
			{Text: "the server reads 10 of them", do: readSome("server", 10), Look: []Look{{"server", siginfo.In | siginfo.Out}}},
		},
	}, {
		Name: "accepted-not-armed", Title: "An accepted connection is not armed",
		Explain: "On Linux a connection inherits neither owner nor signal nor O_ASYNC from the socket that accepted it (on the " +
			"BSDs it may). Each one has to be armed, and then looked at, since data may be there already.",
		setup: func(e *env) {
			e.listen(sys.TCP)
			e.arm("listener", "TCP")
		},
		Steps: []Step{
			{Text: "a client connects", do: connect("client", "the client", sys.TCP, "listener"), Want: one("listener", siginfo.PollIn)},
			{Text: "the server accepts, then the client sends",
				do: all(accept("listener", "server", "the server's connection"), send("client", "hello"))},
			{Text: "the connection is armed", do: func(e *env) { e.arm("server", "TCP") },
				Look: []Look{{"server", siginfo.In | siginfo.Out}}},
			{Text: "the client sends again", do: send("client", "hello"), Want: one("server", siginfo.PollIn)},
		},
	}, {
		Name: "closed-number", Title: "A closed descriptor's number is used again",
		Explain: "Closing does not take back what is queued. The signal still comes, with a number that by now means another " +
			"file: whoever acts on it must be able to bear that there is nothing to do.",
		setup: func(e *env) {
			e.pair(sys.UnixDatagram)
			e.arm("ours", kindOf(sys.UnixDatagram))
		},
		Steps: []Step{{Text: "a datagram arrives; before the signal is taken the socket is closed and its number given to a pipe",
			do: func(e *env) {
				send("peer", "hello")(e)
				r, w, err := sys.Pipe()
				e.own("reader", "the read end", r, err)
				e.own("writer", "the write end", w, err)
				e.must(sys.DupTo(r, e.fd("ours")))
			},
			Want: one("ours", siginfo.PollIn), Look: []Look{{"ours", 0}}}},
	}, {
		Name: "duplicate-signals-on", Title: "A duplicate keeps a closed descriptor signalling",
		Explain: "Signals belong to the open file, not to the number. While a duplicate exists, here or in a child process, " +
			"events go on naming the number that was armed, closed or not. Switching them off before closing ends it.",
		setup: func(e *env) {
			e.udp()
			e.arm("receiver", "UDP")
			fd, err := sys.Dup(e.fd("receiver"))
			e.own("duplicate", "the duplicate", fd, err)
		},
		Steps: []Step{
			{Text: "the socket is closed, its duplicate is not, and a datagram arrives",
				do: all(closeFD("receiver"), send("sender", "hello")), Want: one("receiver", siginfo.PollIn)},
			{Text: "signals are switched off through the duplicate, and another arrives", do: func(e *env) {
				e.must(sys.SetAsync(e.fd("duplicate"), false))
				send("sender", "hello")(e)
			}},
		},
	}, {
		Name: "queue-full", Title: "The queue of signals is full",
		Explain: "Queued signals are counted for each user against RLIMIT_SIGPENDING. When the limit is reached the kernel does " +
			"not queue the event but sends plain SIGIO: no descriptor, no reason, and merged into one. It means that " +
			"something was lost, so look at everything. After that all is as before.",
		exclusive: true,
		setup: func(e *env) {
			for _, name := range []string{"first", "second"} {
				r, w, err := sys.Pipe()
				e.own(name, "the "+name+" pipe", r, err)
				e.own(name+" writer", "its write end", w, err)
				e.arm(name, "pipe")
			}
		},
		Steps: []Step{
			{Text: "with a limit of 0, both pipes are written to three times", do: atSignalLimit(0,
				repeat(3, all(write("first writer", "x"), write("second writer", "x")))),
				Want: plain(), Look: []Look{{"first", siginfo.In}, {"second", siginfo.In}}},
			{Text: "with the old limit, one is written to once more", do: write("second writer", "x"),
				Want: one("second", siginfo.PollIn)},
		},
	}}
}

// atSignalLimit lowers the process's limit for the duration of an action.
func atSignalLimit(limit uint64, a action) action {
	return func(e *env) {
		old, _, err := sys.SignalLimit()
		e.must(err)
		e.must(sys.SetSignalLimit(limit))
		defer func() { e.must(sys.SetSignalLimit(old)) }()
		a(e)
	}
}
