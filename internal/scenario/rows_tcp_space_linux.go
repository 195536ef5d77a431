package scenario

import (
	"errors"
	"syscall"

	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// narrow is a connection that does not need megabytes to be full. The send buffer
// is a multiple of a loopback segment (64 KiB), so that room comes in parts.
func narrow(e *env) {
	e.tcp(sys.TCP)
	_, err := sys.SetSendBuffer(e.fd("client"), 256<<10)
	e.must(err)
}

// tcpSpaceRows is about room to write.
func tcpSpaceRows() []Scenario {
	return []Scenario{{
		Name: "tcp-space", Title: "TCP: data has been sent, there is room again", Condition: DataSent,
		Explain: "A write that returned EAGAIN (or was short) leaves a mark on the socket. When acknowledgements have brought " +
			"the buffer down to two thirds, the kernel finds the mark, removes it and sends one POLL_OUT. One mark, one " +
			"signal: the next one needs another EAGAIN.",
		setup: func(e *env) {
			narrow(e)
			e.arm("client", "TCP")
		},
		Steps: []Step{
			{Text: "the client writes until EAGAIN", do: fill("client"), Look: []Look{{"client", 0}}},
			{Text: "the server reads everything", do: drain("server"), Want: one("client", siginfo.PollOut),
				Look: []Look{{"client", siginfo.Out}}},
		},
	}, {
		Name: "tcp-space-unasked", Title: "TCP: data has been sent, and nobody had been refused",
		Explain: "Without an EAGAIN there is no mark, and without a mark there is no signal: that data was delivered and " +
			"acknowledged is not announced.",
		setup: connected("client"),
		Steps: []Step{
			{Text: "the client sends 10,000 bytes, which fit", do: sendLong("client", 10_000)},
			{Text: "the server reads them", do: drain("server"), Look: []Look{{"client", siginfo.Out}}},
		},
	}, {
		Name: "tcp-space-early", Title: "TCP: EAGAIN before the signals were switched on",
		Explain: "The mark is only kept while signals are on. A socket that was full before has none, and no POLL_OUT will " +
			"ever come, however empty the buffer gets. The way out is in tcp-space-poll.",
		setup: func(e *env) {
			narrow(e)
			fill("client")(e)
			e.arm("client", "TCP")
		},
		Steps: []Step{{Text: "the server reads everything", do: drain("server"), Look: []Look{{"client", siginfo.Out}}}},
	}, {
		Name: "tcp-space-poll", Title: "TCP: poll(2) asks for the signal",
		Explain: "As in tcp-space-early the socket was full before its signals were switched on. But poll(2), when it finds " +
			"a TCP socket without room, leaves the same mark as a write that failed. So: switch on, then poll once.",
		setup: func(e *env) {
			narrow(e)
			fill("client")(e)
			e.arm("client", "TCP")
		},
		Steps: []Step{
			{Text: "the client asks poll(2), which finds no room", Look: []Look{{"client", 0}}},
			{Text: "the server reads everything", do: drain("server"), Want: one("client", siginfo.PollOut),
				Look: []Look{{"client", siginfo.Out}}},
		},
	}, {
		Name: "tcp-space-cancelled", Title: "TCP: a small write takes the signal away",
		Explain: "After an EAGAIN the mark is set. When a little room appears, not yet enough for the signal, and someone " +
			"writes a few bytes with success, that write removes the mark, and the POLL_OUT that another part of the program " +
			"waits for never comes. A poll(2) after the write brings it back.",
		setup: func(e *env) {
			narrow(e)
			e.arm("client", "TCP")
		},
		Steps: []Step{
			{Text: "the client writes until EAGAIN", do: fill("client")},
			{Text: "the server reads a little, and a one-byte write of the client succeeds", do: squeeze},
			{Text: "the server reads everything", do: drain("server"), Look: []Look{{"client", siginfo.Out}}},
		},
	}}
}

// squeeze lets the server read in small steps until a write of the client
// succeeds.
func squeeze(e *env) {
	total := 0
	for range 10_000 {
		n, err := sys.Read(e.fd("server"), make([]byte, 256))
		if !errors.Is(err, syscall.EAGAIN) {
			e.must(err)
		}
		total += n
		_, err = sys.Send(e.fd("client"), []byte("x"))
		if err == nil {
			e.note("the server had read %d bytes", total)
			return
		}
		if !errors.Is(err, syscall.EAGAIN) {
			e.must(err)
		}
	}
	e.fail("the client never got a byte in")
}
