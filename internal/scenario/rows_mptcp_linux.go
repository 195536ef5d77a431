package scenario

import (
	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// multipath arms ends of an MPTCP connection.
func multipath(names ...string) func(*env) {
	return func(e *env) {
		e.tcp(sys.MPTCP)
		for _, n := range names {
			e.arm(n, kindOf(sys.MPTCP))
		}
	}
}

// mptcpRows is about Multipath TCP, which package net's listeners speak unless
// told otherwise. A plain TCP client gets a plain TCP connection from them.
func mptcpRows() []Scenario {
	return []Scenario{{
		Name: "mptcp-connection-request", Title: "MPTCP: clients connect to a listening socket",
		Explain: "One POLL_IN for each connection, whether the client speaks MPTCP or plain TCP.",
		setup: func(e *env) {
			e.listen(sys.MPTCP)
			e.arm("listener", kindOf(sys.MPTCP))
		},
		Steps: []Step{
			{Text: "an MPTCP client connects", do: connect("first", "the MPTCP client", sys.MPTCP, "listener"),
				Want: one("listener", siginfo.PollIn)},
			{Text: "a TCP client connects", do: connect("second", "the TCP client", sys.TCP, "listener"),
				Want: one("listener", siginfo.PollIn)},
		},
	}, {
		Name: "mptcp-connect", Title: "MPTCP: a connect completes, seen by the client",
		Explain: "The client gets no signal at all, where plain TCP sends POLL_OUT: it has to poll for the outcome.",
		setup: func(e *env) {
			e.listen(sys.MPTCP)
			fd, err := sys.Socket(sys.MPTCP, false)
			e.own("client", "the client's connection", fd, err)
			e.arm("client", kindOf(sys.MPTCP))
		},
		Steps: []Step{{Text: "the client calls connect", do: func(e *env) { e.connect("client", "listener") },
			Look: []Look{{"client", siginfo.Out}}}},
	}, {
		Name: "mptcp-data", Title: "MPTCP: data arrives",
		Explain: "POLL_IN, as on plain TCP.",
		setup:   multipath("server"),
		Steps: []Step{
			{Text: "the client sends one byte", do: send("client", "x"), Want: some("server", siginfo.PollIn),
				Look: []Look{{"server", siginfo.In | siginfo.Out}}},
		},
	}, {
		Name: "mptcp-half-shutdown", Title: "MPTCP: half of the connection is shut down",
		Explain: "One POLL_IN for the end of the stream, where plain TCP sends two.",
		setup:   multipath("server"),
		Steps: []Step{
			{Text: "the client calls shutdown(SHUT_WR)", do: shutdown("client", sys.ShutWrite),
				Want: some("server", siginfo.PollIn), Look: []Look{{"server", peerEnded}}},
			{Text: "the server reads", do: readAll("server")},
		},
	}, {
		Name: "mptcp-disconnect-completed", Title: "MPTCP: both sides have disconnected",
		Explain: "Our own shutdown is announced to us, by a POLL_IN when the peer has acknowledged it: plain TCP sends nothing " +
			"then. When both directions are closed POLL_HUP comes, once or twice, without the POLL_IN that plain TCP adds.",
		setup: multipath("server"),
		Steps: []Step{
			{Text: "the server calls shutdown(SHUT_WR)", do: shutdown("server", sys.ShutWrite), Want: one("server", siginfo.PollIn)},
			{Text: "the client closes as well", do: closeFD("client"), Want: []Want{want("server", siginfo.PollHup, 1, 2)},
				Look: []Look{{"server", bothEnded}}},
		},
	}, {
		Name: "mptcp-reset", Title: "MPTCP: the connection is reset",
		Explain: "POLL_ERR and then POLL_HUP, where plain TCP sends POLL_ERR alone.",
		setup:   multipath("server"),
		Steps: []Step{
			{Text: "the client resets the connection", do: reset("client"),
				Want: then(one("server", siginfo.PollErr), some("server", siginfo.PollHup)),
				Look: []Look{{"server", allIsBroke}}},
			{Text: "the server reads", do: receive("server")},
		},
	}, {
		Name: "mptcp-urgent", Title: "MPTCP: an urgent byte arrives",
		Explain: "MPTCP has no urgent data. The byte comes with the others, POLL_IN, and there is no SIGURG.",
		urgent:  true,
		setup:   multipath("server"),
		Steps: []Step{
			{Text: "the client sends one urgent byte", do: sendUrgent("client"), Want: one("server", siginfo.PollIn)},
			{Text: "the server reads", do: readAll("server")},
		},
	}}
}
