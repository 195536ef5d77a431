package web

import (
	"slices"

	"github.com/seed-067c1534/sigio/output"
	"github.com/seed-067c1534/sigio/receiver"
)

// place says who loses a message for a cause.
type place int

const (
	inReceiver place = 1 << iota
	inOutput
	inKernel
	inSpool
	ofConnection // no loss, but why a connection has ended
)

// cause is why something was lost or has ended, and what can be done about it.
type cause struct {
	name, meaning, remedy string
	at                    place
}

// The page's names for what the kernel lost, and for what a spool had no more.
const (
	kernelDropped = "dropped by the kernel"
	goneFromSpool = "gone from the spool"
)

// causes are why messages are lost. docs/observability.md has the same tables.
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
	{goneFromSpool, "It was older than age= of --spool when it was the output's turn, or in a part of the store that was damaged.",
		"A warning says how many, and which. Find out why the output was behind; raise age=, or look at the disk.", inSpool},
}

// ends are why connections end.
var ends = []cause{
	{receiver.EndPeer, "The peer ended it in order.",
		"Nothing.", ofConnection},
	{receiver.EndReset, "It broke, or the peer does not answer any more (--dead-peer-timeout).",
		"Look at the sender and the network, if it happens often.", ofConnection},
	{receiver.EndFirstByte, "The peer said nothing for --first-byte-timeout.",
		"Find out who connects and says nothing: a health check, or somebody who tries every port.", ofConnection},
	{receiver.EndMessage, "One message took longer than --message-timeout.",
		"Raise it if senders are slow, or let them end a message with a line feed.", ofConnection},
	{receiver.EndIdle, "Nothing came for --idle-timeout after a message.",
		"Nothing, if the sender connects again. Otherwise raise it; 0 is for ever.", ofConnection},
	{receiver.EndNotAllowed, "The peer is outside the allowed networks (--allow).",
		"Nothing, if the peer is not meant. Otherwise add its network.", ofConnection},
	{receiver.EndHandshake, "TLS did not come about, or not within --first-byte-timeout.",
		"A warning says why: often a certificate that one of them does not trust.", ofConnection},
	{receiver.EndFraming, "A counted frame had no count, so that nothing behind it can be found.",
		"Mend the sender: a count and a space before each message, or a message a line.", ofConnection},
	{receiver.EndLimit, "It gave way to newer ones, at --max-connections or for want of descriptors.",
		"Raise --max-connections, and the limit of open files (ulimit -n, LimitNOFILE).", ofConnection},
	{receiver.EndMemory, "It gave way, since too many messages were incomplete at the same time.",
		"Find the senders that begin messages and do not end them; lower --message-timeout.", ofConnection},
	{receiver.EndShutdown, "The program ended.",
		"Nothing.", ofConnection},
	{receiver.EndError, "The system refused what a connection needs.",
		"sigio doctor says what the machine allows.", ofConnection},
}

// causesOf returns the names of those that belong to one of the places.
func causesOf(at place) (names []string) {
	for _, c := range slices.Concat(causes, ends) {
		if c.at&at != 0 {
			names = append(names, c.name)
		}
	}
	return names
}
