package scenario

import (
	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// connected arms ends of a TCP connection.
func connected(names ...string) func(*env) {
	return func(e *env) {
		e.tcp(sys.TCP)
		for _, n := range names {
			e.arm(n, "TCP")
		}
	}
}

func tcpRows() []Scenario {
	listening := func(e *env) {
		e.listen(sys.TCP)
		e.arm("listener", "TCP")
	}
	client := func(name, text string) action { return connect(name, text, sys.TCP, "listener") }
	return []Scenario{{
		Name: "tcp-connection-request", Title: "TCP: clients connect to a listening socket", Condition: ConnectionRequested,
		Explain: "When the handshake is complete the kernel puts the new connection into the listening socket's queue and " +
			"sends one POLL_IN, one for each connection. Signals and connections can be told apart: the queue may hold many. " +
			"A handler that accepts one connection for one merged signal leaves the others in the queue, where nothing " +
			"will ever announce them again.",
		setup: listening,
		Steps: []Step{
			{Text: "a client connects", do: client("first", "the first client"), Want: one("listener", siginfo.PollIn),
				Look: []Look{{"listener", siginfo.In}}},
			{Text: "two more connect before anything has been accepted",
				do:   all(client("second", "the second client"), client("third", "the third client")),
				Want: times(2, "listener", siginfo.PollIn)},
			{Text: "the server accepts all three", do: all(accept("listener", "a", "a connection"),
				accept("listener", "b", "a connection"), accept("listener", "c", "a connection")),
				Look: []Look{{"listener", 0}}},
		},
	}, {
		Name: "tcp-queued-reset", Title: "TCP: a connection ends before it is accepted",
		Explain: "The listening socket signalled when the connection was complete. That the client then gave up is told to " +
			"the connection itself, which nobody holds yet; the listening socket sends nothing. accept still returns the " +
			"dead connection, and the first read tells.",
		setup: listening,
		Steps: []Step{
			{Text: "a client connects", do: client("client", "the client"), Want: one("listener", siginfo.PollIn)},
			{Text: "the client resets the connection", do: reset("client"), Look: []Look{{"listener", siginfo.In}}},
			{Text: "the server accepts and reads", do: all(accept("listener", "server", "the connection"), receive("server"))},
		},
	}, {
		Name: "tcp-listener-shutdown", Title: "TCP: the listening socket is shut down",
		Explain: "shutdown on a listening socket ends the listening, which the kernel reports like an error: POLL_ERR. It " +
			"is the one case in which a call of our own signals.",
		setup: listening,
		Steps: []Step{{Text: "the server calls shutdown(SHUT_RDWR) on the listening socket",
			do: shutdown("listener", sys.ShutBoth), Want: one("listener", siginfo.PollErr)}},
	}, {
		Name: "tcp-connect", Title: "TCP: a connect completes, seen by the client",
		Explain: "The answer to the client's request arrives and the connection is established: the client's socket can be " +
			"written to, so POLL_OUT. SO_ERROR is 0.",
		setup: func(e *env) {
			e.listen(sys.TCP)
			fd, err := sys.Socket(sys.TCP, false)
			e.own("client", "the client's connection", fd, err)
			e.arm("client", "TCP")
		},
		Steps: []Step{{Text: "the client calls connect", do: func(e *env) { e.connect("client", "listener") },
			Want: one("client", siginfo.PollOut), Look: []Look{{"client", siginfo.Out}}}},
	}, {
		Name: "tcp-connect-refused", Title: "TCP: a connect is refused, seen by the client",
		Explain: "Nobody listens at that port, so the peer's kernel answers with a reset. The socket keeps ECONNREFUSED as " +
			"its pending error and sends POLL_ERR, and no POLL_OUT.",
		setup: func(e *env) {
			fd, err := sys.Socket(sys.TCP, false)
			e.own("nobody", "a socket that does not listen", fd, err)
			e.must(sys.Bind(fd, loopback))
			fd, err = sys.Socket(sys.TCP, false)
			e.own("client", "the client's connection", fd, err)
			e.arm("client", "TCP")
		},
		Steps: []Step{
			{Text: "the client calls connect", do: func(e *env) { e.connect("client", "nobody") },
				Want: one("client", siginfo.PollErr),
				Look: []Look{{"client", siginfo.In | siginfo.Out | siginfo.Err | siginfo.Hup | siginfo.RdHup}}},
			{Text: "it reads the outcome", do: func(e *env) {
				e.note("getsockopt(SO_ERROR) %s", outcome(0, sys.SocketError(e.fd("client"))))
			}},
		},
	}, {
		Name: "tcp-data", Title: "TCP: data arrives", Condition: DataArrived,
		Explain: "Each segment that the kernel adds to the receive queue sends one POLL_IN, also while earlier data lies " +
			"unread. A stream has no messages: a large write comes in few segments, many small writes may be joined into " +
			"few, so neither the number of signals nor one read says where a message ends. Reading sends nothing.",
		setup: connected("server"),
		Steps: []Step{
			{Text: "the client sends one byte", do: send("client", "x"), Want: one("server", siginfo.PollIn),
				Look: []Look{{"server", siginfo.In | siginfo.Out}}},
			{Text: "the client sends 60,000 bytes in one call", do: sendLong("client", 60_000), Want: some("server", siginfo.PollIn)},
			{Text: "the client sends 20 single bytes", do: repeat(20, send("client", "x")),
				Want: []Want{want("server", siginfo.PollIn, 1, 20)}},
			{Text: "the server reads", do: readAll("server"), Look: []Look{{"server", siginfo.Out}}},
		},
	}, {
		Name: "tcp-low-water", Title: "TCP: less data than SO_RCVLOWAT asks for",
		Explain: "With SO_RCVLOWAT at 8 the socket counts as readable from 8 unread bytes on. Until then nothing is sent, " +
			"and what came earlier is announced together with what fills it up.",
		setup: func(e *env) {
			e.tcp(sys.TCP)
			e.must(sys.SetReceiveLowWater(e.fd("server"), 8))
			e.arm("server", "TCP")
		},
		Steps: []Step{
			{Text: "the client sends 4 bytes", do: send("client", "half"), Look: []Look{{"server", siginfo.Out}}},
			{Text: "the client sends 4 more", do: send("client", "more"), Want: one("server", siginfo.PollIn),
				Look: []Look{{"server", siginfo.In | siginfo.Out}}},
		},
	}, {
		Name: "tcp-urgent", Title: "TCP: an urgent byte arrives",
		Explain: "Urgent data has a signal of its own, SIGURG, which goes to the descriptor's owner whether or not its I/O " +
			"signals are on, and which names no descriptor. Then come POLL_PRI and two POLL_IN, although the byte is kept " +
			"apart from the stream and there is nothing to read, as poll(2) says. In a Go program SIGURG looks like a request of the runtime's scheduler and is ignored.",
		urgent: true,
		setup:  connected("server"),
		Steps: []Step{{Text: "the client sends one urgent byte", do: sendUrgent("client"),
			Want: then(urgent(), one("server", siginfo.PollPri), times(2, "server", siginfo.PollIn)),
			Look: []Look{{"server", siginfo.Pri | siginfo.Out}}}},
	}}
}
