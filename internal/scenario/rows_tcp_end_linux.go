package scenario

import (
	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

const (
	peerEnded  = siginfo.In | siginfo.Out | siginfo.RdHup
	bothEnded  = siginfo.In | siginfo.Out | siginfo.RdHup | siginfo.Hup
	allIsBroke = siginfo.In | siginfo.Out | siginfo.RdHup | siginfo.Hup | siginfo.Err
)

// tcpEndRows is about the ends of a TCP connection.
func tcpEndRows() []Scenario {
	return []Scenario{{
		Name: "tcp-disconnect-initiated", Title: "TCP: one side begins to disconnect", Condition: DisconnectInitiated,
		Explain: "Our own shutdown sends us nothing: Linux signals what others do. The other side receives our FIN and gets " +
			"POLL_IN twice, once because the connection changed its state and once because the end of the stream can be " +
			"read. Both mean the same: read returns 0. No POLL_HUP, since the other side may still send.",
		setup: connected("server", "client"),
		Steps: []Step{
			{Text: "the server calls shutdown(SHUT_WR)", do: shutdown("server", sys.ShutWrite),
				Want: times(2, "client", siginfo.PollIn),
				Look: []Look{{"client", peerEnded}, {"server", siginfo.Out}}},
			{Text: "the client reads", do: readAll("client")},
		},
	}, {
		Name: "tcp-disconnect-completed", Title: "TCP: both sides have disconnected", Condition: DisconnectCompleted,
		Explain: "The server had ended its direction before; now the client's FIN comes. Both directions are closed, so this " +
			"time the change of state is POLL_HUP, followed by the POLL_IN for the end of the stream. Only this order of " +
			"events brings POLL_HUP on TCP: a server that only reads never sees one.",
		setup: func(e *env) {
			e.tcp(sys.TCP)
			e.must(sys.Shutdown(e.fd("server"), sys.ShutWrite))
			e.arm("server", "TCP")
		},
		Steps: []Step{
			{Text: "the client closes as well", do: closeFD("client"),
				Want: then(one("server", siginfo.PollHup), one("server", siginfo.PollIn)),
				Look: []Look{{"server", bothEnded}}},
			{Text: "the server reads", do: readAll("server")},
		},
	}, {
		Name: "tcp-half-shutdown", Title: "TCP: half of the connection is shut down", Condition: HalfShutDown,
		Explain: "The client ends its direction and the server gets POLL_IN twice, exactly as when the client closes: at " +
			"this point nobody can tell the two apart. The other half still works: the server's answer reaches the client.",
		setup: connected("server", "client"),
		Steps: []Step{
			{Text: "the client calls shutdown(SHUT_WR)", do: shutdown("client", sys.ShutWrite),
				Want: times(2, "server", siginfo.PollIn), Look: []Look{{"server", peerEnded}}},
			{Text: "the server reads, then sends an answer", do: all(readAll("server"), send("server", "bye")),
				Want: one("client", siginfo.PollIn)},
			{Text: "the client reads", do: readAll("client")},
		},
	}, {
		Name: "tcp-close", Title: "TCP: the peer closes",
		Explain: "A close with nothing unread sends a FIN, like shutdown(SHUT_WR): POLL_IN twice. What we send afterwards is " +
			"answered with a reset, and that is POLL_ERR.",
		setup: connected("server"),
		Steps: []Step{
			{Text: "the client closes", do: closeFD("client"), Want: times(2, "server", siginfo.PollIn),
				Look: []Look{{"server", peerEnded}}},
			{Text: "the server sends all the same", do: send("server", "hello?"), Want: one("server", siginfo.PollErr),
				Look: []Look{{"server", allIsBroke}}},
		},
	}, {
		Name: "tcp-data-and-end", Title: "TCP: data and the end in one segment",
		Explain: "A client that sends and closes at once may put both into one segment. It sends two POLL_IN: one for the " +
			"change of state, one for everything that can be read. One read is not enough: it returns the data, and " +
			"nothing will announce the end again.",
		setup: func(e *env) {
			e.tcp(sys.TCP)
			e.must(sys.SetNoDelay(e.fd("client"), false))
			e.must(sys.SetCork(e.fd("client"), true))
			e.arm("server", "TCP")
		},
		Steps: []Step{
			{Text: "the client's data and its FIN leave together", do: all(send("client", "hello"), shutdown("client", sys.ShutWrite)),
				Want: times(2, "server", siginfo.PollIn), Look: []Look{{"server", peerEnded}}},
			{Text: "the server reads until the end", do: readAll("server")},
		},
	}, {
		Name: "tcp-reset", Title: "TCP: the connection is reset", Condition: AsynchronousError,
		Explain: "A reset (here from a close with a linger time of zero) sets the pending error ECONNRESET and sends one " +
			"POLL_ERR. There is no POLL_HUP although poll(2) now says HUP: a program that waits for POLL_HUP waits for ever.",
		setup: connected("server"),
		Steps: []Step{
			{Text: "the client resets the connection", do: reset("client"), Want: one("server", siginfo.PollErr),
				Look: []Look{{"server", allIsBroke}}},
			{Text: "the server reads twice", do: repeat(2, receive("server"))},
		},
	}, {
		Name: "tcp-close-unread", Title: "TCP: the peer closes with data unread",
		Explain: "A close while received data lies unread tells the sender so with a reset instead of a FIN. So a server that " +
			"closes before it has read everything destroys its own answer.",
		setup: connected("server"),
		Steps: []Step{
			{Text: "the server sends", do: send("server", "unread")},
			{Text: "the client closes without reading", do: closeFD("client"), Want: one("server", siginfo.PollErr),
				Look: []Look{{"server", allIsBroke}}},
			{Text: "the server reads", do: receive("server")},
		},
	}, {
		Name: "tcp-own-shutdown", Title: "TCP: our own shutdown",
		Explain: "Linux wakes those who sleep in poll when we shut our own socket down, but it sends no signal for it.",
		setup:   connected("server"),
		Steps: []Step{
			{Text: "the server calls shutdown(SHUT_RD)", do: shutdown("server", sys.ShutRead)},
			{Text: "the server calls shutdown(SHUT_WR)", do: shutdown("server", sys.ShutWrite)},
		},
	}}
}
