package scenario

import (
	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// paired arms "ours" of two connected Unix sockets.
func paired(n sys.Network) func(*env) {
	return func(e *env) {
		e.pair(n)
		e.arm("ours", kindOf(n))
	}
}

func kindOf(n sys.Network) string {
	switch n {
	case sys.UnixSeqpacket:
		return "Unix sequenced packets"
	case sys.UnixDatagram:
		return "Unix datagrams"
	case sys.UnixStream:
		return "Unix stream"
	case sys.UDP:
		return "UDP"
	case sys.MPTCP:
		return "MPTCP"
	default:
		return "TCP"
	}
}

func unixRows() []Scenario {
	return []Scenario{{
		Name: "unix-data", Title: "Unix stream: data arrives",
		Explain: "Each buffer that the peer's write puts into our queue sends one POLL_IN, also while earlier ones lie unread. " +
			"A large write is cut into several.",
		setup: paired(sys.UnixStream),
		Steps: []Step{
			{Text: "the peer sends 5 bytes", do: send("peer", "hello"), Want: one("ours", siginfo.PollIn),
				Look: []Look{{"ours", siginfo.In | siginfo.Out}}},
			{Text: "the peer sends 60,000 bytes in one call", do: sendLong("peer", 60_000), Want: some("ours", siginfo.PollIn)},
			{Text: "we read", do: readAll("ours"), Look: []Look{{"ours", siginfo.Out}}},
		},
	}, {
		Name: "unix-close", Title: "Unix stream: the peer closes",
		Explain: "A Unix socket's peer closes both directions at once, and that is one POLL_HUP. On TCP the same close is two " +
			"POLL_IN and no POLL_HUP.",
		setup: paired(sys.UnixStream),
		Steps: []Step{
			{Text: "the peer closes", do: closeFD("peer"), Want: one("ours", siginfo.PollHup), Look: []Look{{"ours", bothEnded}}},
			{Text: "we read", do: readAll("ours")},
		},
	}, {
		Name: "unix-close-unread", Title: "Unix stream: the peer closes with data unread",
		Explain: "Our data was thrown away, so a read will say ECONNRESET and poll(2) says ERR. The signal is the same POLL_HUP " +
			"as for an orderly close: only the read tells.",
		setup: paired(sys.UnixStream),
		Steps: []Step{
			{Text: "we send and the peer closes without reading", do: all(send("ours", "unread"), closeFD("peer")),
				Want: one("ours", siginfo.PollHup), Look: []Look{{"ours", allIsBroke}}},
			{Text: "we read twice", do: repeat(2, receive("ours"))},
		},
	}, {
		Name: "unix-half-shutdown", Title: "Unix stream: the peer ends its direction",
		Explain: "shutdown(SHUT_WR) of the peer is one POLL_IN: the end of the stream can be read. That stays so when we had " +
			"ended our direction before, where TCP would say POLL_HUP.",
		setup: paired(sys.UnixStream),
		Steps: []Step{
			{Text: "we call shutdown(SHUT_WR)", do: shutdown("ours", sys.ShutWrite)},
			{Text: "the peer calls shutdown(SHUT_WR)", do: shutdown("peer", sys.ShutWrite), Want: one("ours", siginfo.PollIn),
				Look: []Look{{"ours", bothEnded}}},
			{Text: "we read", do: readAll("ours")},
		},
	}, {
		Name: "unix-shutdown", Title: "Unix stream: the peer ends both directions",
		Explain: "shutdown(SHUT_RDWR) of the peer is, to us, the same as its close: one POLL_HUP.",
		setup:   paired(sys.UnixStream),
		Steps: []Step{{Text: "the peer calls shutdown(SHUT_RDWR)", do: shutdown("peer", sys.ShutBoth),
			Want: one("ours", siginfo.PollHup), Look: []Look{{"ours", bothEnded}}}},
	}, {
		Name: "unix-urgent", Title: "Unix stream: an urgent byte arrives",
		Explain: "As on TCP: SIGURG for the owner, POLL_PRI, and POLL_IN, but one of these, since there is no segment around " +
			"the byte.",
		urgent: true,
		setup:  paired(sys.UnixStream),
		Steps: []Step{{Text: "the peer sends one urgent byte",
			do: func(e *env) {
				if _, err := sys.SendOOB(e.fd("peer"), []byte("!")); err != nil {
					e.skip("this kernel has no urgent data on Unix sockets: %v", err)
				}
			},
			Want: then(urgent(), one("ours", siginfo.PollPri), one("ours", siginfo.PollIn))}},
	}, {
		Name: "unix-space", Title: "Unix stream: room to write again",
		Explain: "A write that returned EAGAIN leaves a mark, and when the peer's reading has freed enough memory the kernel " +
			"sends POLL_OUT. Unlike on TCP, poll(2) leaves no such mark: after switching the signals on, only a write " +
			"that fails asks for the signal.",
		setup: paired(sys.UnixStream),
		Steps: []Step{
			{Text: "we write until EAGAIN", do: fill("ours")},
			{Text: "the peer reads everything", do: drain("peer"), Want: some("ours", siginfo.PollOut),
				Look: []Look{{"ours", siginfo.Out}}},
		},
	}, {
		Name: "unix-space-early", Title: "Unix stream: EAGAIN before the signals were switched on",
		Explain: "The socket was full before its signals were switched on, and neither that EAGAIN nor a poll(2) afterwards " +
			"counts: no POLL_OUT comes. Only trying the write again would have asked for it.",
		setup: func(e *env) {
			e.pair(sys.UnixStream)
			fill("ours")(e)
			e.arm("ours", kindOf(sys.UnixStream))
		},
		Steps: []Step{
			{Text: "we ask poll(2), which finds no room", Look: []Look{{"ours", 0}}},
			{Text: "the peer reads everything", do: drain("peer"), Look: []Look{{"ours", siginfo.Out}}},
		},
	}, {
		Name: "unix-seqpacket", Title: "Unix sequenced packets: data, then the peer closes",
		Explain: "Packets signal like a stream's data, one POLL_IN each, and the peer's close is one POLL_HUP.",
		setup:   paired(sys.UnixSeqpacket),
		Steps: []Step{
			{Text: "the peer sends three packets", do: repeat(3, send("peer", "hello")), Want: times(3, "ours", siginfo.PollIn)},
			{Text: "the peer closes", do: closeFD("peer"), Want: one("ours", siginfo.PollHup)},
		},
	}, {
		Name: "unix-datagram", Title: "Unix datagrams: data, then the peer closes",
		Explain: "Each datagram is one POLL_IN. That the peer goes away is not announced: a datagram socket has no connection " +
			"that could end. Our next send finds out.",
		setup: paired(sys.UnixDatagram),
		Steps: []Step{
			{Text: "the peer sends three datagrams", do: repeat(3, send("peer", "hello")), Want: times(3, "ours", siginfo.PollIn)},
			{Text: "the peer calls shutdown(SHUT_RDWR)", do: shutdown("peer", sys.ShutBoth)},
			{Text: "the peer closes", do: closeFD("peer")},
			{Text: "we send", do: func(e *env) {
				n, err := sys.Send(e.fd("ours"), []byte("hello?"))
				e.note("send %s", outcome(n, err))
			}},
		},
	}, {
		Name: "unix-connection-request", Title: "Unix stream: clients connect to a listening socket",
		Explain: "The listening socket gets one POLL_IN for each connection. The client gets nothing: its connect is complete " +
			"when the call returns.",
		setup: func(e *env) {
			name := abstractName()
			fd, err := sys.ListenUnix(sys.UnixStream, name, 0)
			e.own("listener", "the server's listening socket", fd, err)
			e.arm("listener", "Unix stream "+name)
			e.path = name
			for _, client := range []string{"first", "second"} {
				fd, err = sys.Socket(sys.UnixStream, false)
				e.own(client, "the "+client+" client", fd, err)
				e.arm(client, kindOf(sys.UnixStream))
			}
		},
		Steps: []Step{
			{Text: "two clients connect", do: func(e *env) {
				e.must(sys.ConnectUnix(e.fd("first"), e.path))
				e.must(sys.ConnectUnix(e.fd("second"), e.path))
			}, Want: times(2, "listener", siginfo.PollIn), Look: []Look{{"listener", siginfo.In}}},
		},
	}}
}
