package web

import (
	"github.com/seed-067c1534/sigio/output"
	"github.com/seed-067c1534/sigio/receiver"
)

// place says who loses a message, or closes a connection, for a cause.
type place int

const (
	inReceiver place = 1 << iota
	inOutput
	inKernel
	atEnd // of a connection
)

// cause is why something was lost or closed, and what can be done about it.
type cause struct {
	name, meaning, remedy string
	at                    place
}

// kernelDropped is the page's name for what the kernel lost.
const kernelDropped = "dropped by the kernel"

// causes are all that are known. docs/observability.md has the same table.
var causes = []cause{
	{kernelDropped, "A datagram found the socket's receive buffer full.",
		"Ask for a larger one (--receive-buffer, up to the sysctl net.core.rmem_max), or for more --workers.", inKernel},
	{receiver.CauseEmpty, "A datagram had nothing but white space in it.",
		"Nothing is lost. Find the sender if it should have said something.", inReceiver},
	{receiver.CauseOversize, "It was longer than --max-message.",
		"Raise --max-message, or send less at once.", inReceiver},
	{receiver.CauseNotAllowed, "A datagram came from outside the allowed networks (--allow).",
		"Nothing, if the sender is not meant. Otherwise add its network.", inReceiver},
	{receiver.CauseRate, "Its sender sent more than it may (--rate-limit).",
		"Raise --rate-limit, or find out why the sender sends so much.", inReceiver},
	{receiver.CauseFraming, "A counted frame had no count, so that nothing behind it can be found.",
		"Mend the sender: a count and a space before each message, or a message a line.", inReceiver},
	{receiver.CauseReset, "The connection broke in the middle of it.",
		"Look at the sender and the network: it ended without saying so.", inReceiver},
	{receiver.CauseTimeout, "It was not complete in time.",
		"Raise --message-timeout if senders are slow, or let them end a message with a line feed.", inReceiver},
	{receiver.CauseLimit, "Its connection gave way to newer ones, in the middle of it.",
		"Raise --max-connections, and the limit of open files (ulimit -n, LimitNOFILE).", inReceiver},
	{receiver.CauseMemory, "Too many messages were incomplete at the same time.",
		"Find the senders that begin messages and do not end them; lower --message-timeout.", inReceiver},
	{receiver.CauseShutdown, "The program ended before it could be handed over or written.",
		"Raise --drain-timeout, or find out why the output is slow.", inReceiver | inOutput},
	{output.CauseClosed, "The output cannot be written to any more.",
		"The last error says why. Mend it and start anew.", inOutput},
	{output.CauseStalled, "The output failed for too long.",
		"The last error says why: often a full disk.", inOutput},
	{output.CauseDropped, "The output was slower than what came, and drops the oldest (policy=drop-oldest).",
		"Make its queue larger (queue=SIZE), or the output faster; policy=block stops reading instead.", inOutput},
}

// causesOf returns the names of those that belong to one of the places.
func causesOf(at place) (names []string) {
	for _, c := range causes {
		if c.at&at != 0 {
			names = append(names, c.name)
		}
	}
	return names
}
