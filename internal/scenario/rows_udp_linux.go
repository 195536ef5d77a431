package scenario

import (
	"errors"
	"syscall"

	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

func udpRows() []Scenario {
	receiving := func(e *env) {
		e.udp()
		e.arm("receiver", "UDP")
	}
	refused := func(e *env) {
		e.deafPort()
		fd, err := sys.Socket(sys.UDP, false)
		e.own("sender", "the sending socket", fd, err)
	}
	return []Scenario{{
		Name: "udp-datagram", Title: "UDP: datagrams arrive", Condition: DatagramArrived,
		Explain: "The kernel queues the datagram at the socket and calls the socket's data-ready function, which sends " +
			"one POLL_IN. It does so for each datagram, also while earlier ones lie unread: with a real-time signal " +
			"nothing is merged. Reading sends nothing.",
		setup: receiving,
		Steps: []Step{
			{Text: "the sender sends one datagram", do: send("sender", "hello"), Want: one("receiver", siginfo.PollIn),
				Look: []Look{{"receiver", siginfo.In | siginfo.Out}}},
			{Text: "three more come before the first has been read", do: repeat(3, send("sender", "hello")),
				Want: times(3, "receiver", siginfo.PollIn)},
			{Text: "the receiver reads all four", do: readAll("receiver"),
				Look: []Look{{"receiver", siginfo.Out}}},
		},
	}, {
		Name: "udp-refused", Title: "UDP: a datagram could not be delivered, connected socket", Condition: DatagramError,
		Explain: "Nobody receives at that port, so the peer's kernel answers with the ICMP message \"port unreachable\". " +
			"A connected UDP socket keeps that as its pending error and sends POLL_ERR; the next call on it returns " +
			"ECONNREFUSED and clears the error.",
		setup: func(e *env) {
			refused(e)
			e.connect("sender", "nobody")
			e.arm("sender", "UDP")
		},
		Steps: []Step{
			{Text: "the socket sends to a port at which nobody receives", do: send("sender", "hello"),
				Want: one("sender", siginfo.PollErr), Look: []Look{{"sender", siginfo.Err | siginfo.Out}}},
			{Text: "it reads", do: receive("sender"), Look: []Look{{"sender", siginfo.Out}}},
		},
	}, {
		Name: "udp-empty-datagram", Title: "UDP: an empty datagram arrives",
		Explain: "A datagram without content is a datagram: it signals like any other, and recv returns 0. On a UDP " +
			"socket that is not an end.",
		setup: receiving,
		Steps: []Step{
			{Text: "the sender sends an empty datagram", do: send("sender", ""), Want: one("receiver", siginfo.PollIn)},
			{Text: "the receiver reads twice", do: repeat(2, receive("receiver"))},
		},
	}, {
		Name: "udp-dropped", Title: "UDP: the receive buffer is full",
		Explain: "A datagram that finds the receive buffer full is thrown away before the socket is told, so it sends no " +
			"signal at all: there are as many POLL_IN as datagrams that got in. What is missing can only be read from " +
			"the socket's drop counter (SO_MEMINFO, SO_RXQ_OVFL).",
		setup: func(e *env) {
			e.udp()
			_, err := sys.SetReceiveBuffer(e.fd("receiver"), 4096)
			e.must(err)
			e.arm("receiver", "UDP")
		},
		Steps: []Step{{
			Text: "the sender sends 20 datagrams of 500 bytes", do: repeat(20, sendLong("sender", 500)),
			Want:  []Want{want("receiver", siginfo.PollIn, 1, 19)},
			check: checkDrops,
		}},
	}, {
		Name: "udp-unconnected-refused", Title: "UDP: a datagram could not be delivered, unconnected socket",
		Explain: "The same ICMP message as in udp-refused comes back, but a socket without a fixed peer may have sent to " +
			"many, so the kernel does not tell it: no signal, no error, ever. IP_RECVERR changes that (udp-error-queue).",
		setup: func(e *env) {
			refused(e)
			e.arm("sender", "UDP")
		},
		Steps: []Step{{Text: "the socket sends to a port at which nobody receives", do: sendTo("sender", "nobody"),
			Look: []Look{{"sender", siginfo.Out}}}},
	}, {
		Name: "udp-error-queue", Title: "UDP: errors kept in the error queue (IP_RECVERR)",
		Explain: "With IP_RECVERR the kernel puts the undeliverable datagram into the socket's error queue, which sends one " +
			"POLL_ERR, and sets the pending error, which sends another. Both are there to be taken.",
		setup: func(e *env) {
			refused(e)
			e.must(sys.ReportErrors(e.fd("sender")))
			e.arm("sender", "UDP")
		},
		Steps: []Step{
			{Text: "the socket sends to a port at which nobody receives", do: sendTo("sender", "nobody"),
				Want: times(2, "sender", siginfo.PollErr), Look: []Look{{"sender", siginfo.Err | siginfo.Out}}},
			{Text: "it takes the error queue's entry", do: takeError("sender"), Look: []Look{{"sender", siginfo.Out}}},
		},
	}, {
		Name: "udp-transmit-stamp", Title: "UDP: a time stamp for a datagram that has left",
		Explain: "With SO_TIMESTAMPING the kernel puts a copy of each datagram that has left, with the time, into the " +
			"sender's error queue, and an entry in that queue sends POLL_ERR. So POLL_ERR is not always an error.",
		setup: func(e *env) {
			e.udp()
			e.must(sys.ReportSent(e.fd("sender")))
			e.arm("sender", "UDP")
		},
		Steps: []Step{
			{Text: "the sender sends one datagram", do: send("sender", "hello"), Want: one("sender", siginfo.PollErr)},
			{Text: "it takes the error queue's entry", do: takeError("sender"), Look: []Look{{"sender", siginfo.Out}}},
		},
	}}
}

func sendTo(name, to string) action {
	return func(e *env) {
		addr, err := sys.LocalAddr(e.fd(to))
		e.must(err)
		_, err = sys.SendTo(e.fd(name), []byte("hello"), addr)
		e.must(err)
	}
}

func takeError(name string) action {
	return func(e *env) {
		n, err := sys.RecvErrorQueue(e.fd(name), make([]byte, 256))
		e.note("recv with MSG_ERRQUEUE %s", outcome(n, err))
	}
}

// checkDrops compares signals, datagrams and the drop counter.
func checkDrops(e *env) {
	received := 0
	for {
		_, err := sys.Recv(e.fd("receiver"), make([]byte, 512))
		if errors.Is(err, syscall.EAGAIN) {
			break
		}
		e.must(err)
		received++
	}
	drops, err := sys.Drops(e.fd("receiver"))
	e.must(err)
	signals := e.count("receiver", siginfo.PollIn)
	e.note("%d signals, %d datagrams, and the socket's drop counter says %d", signals, received, drops)
	if signals != received || received+int(drops) != 20 {
		e.fail("20 sent, %d received, %d dropped, %d signals", received, drops, signals)
	}
}
