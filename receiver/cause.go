package receiver

import (
	"slices"

	"github.com/seed-067c1534/sigio/message"
)

// The causes for which a Receiver rejects a message. An output has causes of its
// own, which stand beside these.
const (
	CauseEmpty      = "empty"                    // a datagram with nothing but white space in it
	CauseOversize   = string(message.Oversize)   // longer than MaxMessage
	CauseNotAllowed = "not allowed"              // a datagram from outside Config.Allow
	CauseRate       = "rate limit"               // its sender sent more than Config.RateLimit
	CauseFraming    = string(message.BadFraming) // a counted frame without a count
	CauseReset      = "reset"                    // the connection broke in the middle of it
	CauseTimeout    = "timeout"                  // it was not complete in time
	CauseLimit      = "limit"                    // in the middle of it, the connection gave way to others
	CauseMemory     = "memory"                   // too many messages were incomplete at the same time
	CauseShutdown   = "shutdown"                 // Shutdown's time was over before it was handed over
)

// ending is the end of a connection in one byte, since there are many connections.
type ending uint8

const goesOn ending = 0

// endings are those for which a goroutine is dismissed.
var endings = [...]string{goesOn: "", 1: EndFirstByte, 2: EndMessage, 3: EndIdle, 4: EndLimit, 5: EndMemory, 6: EndShutdown}

func endingOf(end string) ending {
	if i := slices.Index(endings[:], end); i >= 0 {
		return ending(i)
	}
	panic("sigio: a connection is dismissed for an unknown cause: " + end)
}

// String returns "" for goesOn.
func (e ending) String() string { return endings[e] }

// The ends of a connection.
const (
	EndPeer       = "ended"        // the peer ended it in order
	EndReset      = "reset"        // it broke
	EndFirstByte  = "first byte"   // silent for FirstByteTimeout
	EndMessage    = "message time" // one message took longer than MessageTimeout
	EndIdle       = "idle"         // nothing for IdleTimeout
	EndNotAllowed = "not allowed"  // the peer is outside Config.Allow
	EndHandshake  = "handshake"    // TLS did not come about
	EndFraming    = "framing"      // a counted frame without a count
	EndLimit      = "limit"        // gave way to others at MaxConnections, or for want of descriptors
	EndMemory     = "memory"       // gave way to others at MaxPartial
	EndShutdown   = "shutdown"     // the receiver ended
	EndError      = "error"        // the system refused what a connection needs
)
