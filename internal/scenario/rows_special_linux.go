package scenario

import (
	"errors"
	"math"
	"os"
	"syscall"

	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// loopRow is for kinds of sockets that can be connected to themselves.
// Others may send on them too, so two signals are the least.
func loopRow(name, title, explain, kind string, open func() (int, error)) Scenario {
	return Scenario{
		Name: name, Title: title, Explain: explain,
		setup: func(e *env) {
			fd, err := open()
			if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EAFNOSUPPORT) {
				e.skip("this process may not open such a socket: %v", err)
			}
			e.own("ours", "our socket", fd, err)
			e.arm("ours", kind)
		},
		Steps: []Step{{Text: "two messages are sent to it", do: repeat(2, send("ours", "hello there")),
			Want: []Want{want("ours", siginfo.PollIn, 2, math.MaxInt)}}},
	}
}

func specialRows() []Scenario {
	return []Scenario{
		loopRow("netlink", "Netlink: messages arrive",
			"A netlink socket signals like a datagram socket: one POLL_IN for each message.", "netlink", sys.NetlinkLoop),
		loopRow("packet", "Packet socket: frames arrive",
			"A packet socket signals like a datagram socket: one POLL_IN for each frame. Opening one needs CAP_NET_RAW.",
			"packet", sys.PacketLoop),
		{
			Name: "udp-zero-copy", Title: "UDP: a buffer sent without copying is free again",
			Explain: "After a send with MSG_ZEROCOPY the kernel reports in the error queue when it no longer needs the buffer, " +
				"and an entry in that queue sends POLL_ERR. Again no error.",
			setup: func(e *env) {
				e.udp()
				if err := sys.AllowZeroCopy(e.fd("sender")); err != nil {
					e.skip("this kernel has no SO_ZEROCOPY: %v", err)
				}
				e.arm("sender", "UDP")
			},
			Steps: []Step{
				{Text: "the sender sends 8000 bytes with MSG_ZEROCOPY", do: func(e *env) {
					_, err := sys.SendZeroCopy(e.fd("sender"), make([]byte, 8000))
					if errors.Is(err, syscall.ENOBUFS) {
						e.skip("the limit of locked memory is used up: %v", err)
					}
					e.must(err)
				}, Want: one("sender", siginfo.PollErr)},
				{Text: "it takes the error queue's entry", do: takeError("sender"), Look: []Look{{"sender", siginfo.Out}}},
			},
		}, {
			Name: "unix-datagram-queue-full", Title: "Unix datagrams: the receiver's queue is full of others' datagrams",
			Explain: "Our send returns EAGAIN since the receiver's queue is full (net.unix.max_dgram_qlen), but none of what fills " +
				"it is ours, so nothing that is freed leads back to us: no POLL_OUT comes, although poll(2) says that there is " +
				"room. Such a wait needs a timer.",
			setup: func(e *env) {
				e.path = abstractName()
				fd, err := sys.ListenUnix(sys.UnixDatagram, e.path, 0)
				e.own("receiver", "the receiving socket", fd, err)
				for _, name := range []string{"ours", "other"} {
					fd, err := sys.Socket(sys.UnixDatagram, false)
					e.own(name, map[string]string{"ours": "our socket", "other": "another sender"}[name], fd, err)
					e.must(sys.ConnectUnix(fd, e.path))
				}
				e.arm("ours", kindOf(sys.UnixDatagram))
			},
			Steps: []Step{
				{Text: "another sender fills the receiver's queue", do: fillDatagrams("other")},
				{Text: "we try to send", do: func(e *env) {
					n, err := sys.Send(e.fd("ours"), []byte("hello"))
					e.note("send %s", outcome(n, err))
				}, Look: []Look{{"ours", 0}}},
				{Text: "the receiver reads everything", do: readAll("receiver"), Look: []Look{{"ours", siginfo.Out}}},
			},
		}, {
			Name: "open-async-trap", Title: "A FIFO opened with O_ASYNC",
			Explain: "open(2) stores the flag O_ASYNC and does nothing about it. Afterwards the kernel takes every request to switch " +
				"signals on for one to change nothing, and cannot switch them off either: this descriptor never signals.",
			setup: func(e *env) {
				fd, err := sys.Open(e.fifo(), os.O_RDWR|sys.FlagAsync)
				e.own("fifo", "the FIFO", fd, err)
				e.arm("fifo", "FIFO")
			},
			Steps: []Step{
				{Text: "we write", do: write("fifo", "hello"), Look: []Look{{"fifo", siginfo.In | siginfo.Out}}},
				{Text: "signals are switched off, on again, and we write", do: func(e *env) {
					e.must(sys.SetAsync(e.fd("fifo"), false))
					e.must(sys.SetAsync(e.fd("fifo"), true))
					write("fifo", "hello")(e)
				}},
			},
		},
	}
}

// fillDatagrams sends until the receiver's queue is full. A sender's own buffer may be full before
// that (wmem_default has room for less than 300 datagrams, and systemd sets max_dgram_qlen to 512),
// so others go on, until a new one cannot send anything.
func fillDatagrams(name string) action {
	return func(e *env) {
		total := sendAll(e, e.fd(name))
		for {
			fd, err := sys.Socket(sys.UnixDatagram, false)
			e.must(err)
			err = sys.ConnectUnix(fd, e.path)
			n := 0
			if err == nil {
				n = sendAll(e, fd)
			}
			sys.Close(fd) // what it has sent stays in the queue
			e.must(err)
			if n == 0 {
				e.note("%d datagrams went in, then send returned EAGAIN", total)
				return
			}
			total += n
		}
	}
}

// sendAll sends datagrams until EAGAIN, and returns how many went in.
func sendAll(e *env, fd int) int {
	for n := 0; ; n++ {
		_, err := sys.Send(fd, []byte("x"))
		if errors.Is(err, syscall.EAGAIN) {
			return n
		}
		e.must(err)
	}
}
