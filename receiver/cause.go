package receiver

import "github.com/seed-067c1534/sigio/message"

// The causes for which a Receiver rejects a message. An output has causes of its
// own, which stand beside these.
const (
	CauseEmpty    = "empty"                    // a datagram with nothing but white space in it
	CauseOversize = string(message.Oversize)   // longer than MaxMessage
	CauseFraming  = string(message.BadFraming) // a counted frame without a count
	CauseReset    = "reset"                    // the connection broke in the middle of it
	CauseTimeout  = "timeout"                  // it was not complete in time
	CauseLimit    = "limit"                    // in the middle of it, the connection gave way to others
	CauseMemory   = "memory"                   // too many messages were incomplete at the same time
	CauseShutdown = "shutdown"                 // Shutdown's time was over before it was handed over
)

// The ends of a connection.
const (
	EndPeer      = "ended"        // the peer ended it in order
	EndReset     = "reset"        // it broke
	EndFirstByte = "first byte"   // silent for FirstByteTimeout
	EndMessage   = "message time" // one message took longer than MessageTimeout
	EndIdle      = "idle"         // nothing for IdleTimeout
	EndFraming   = "framing"      // a counted frame without a count
	EndLimit     = "limit"        // gave way to others at MaxConnections, or for want of descriptors
	EndMemory    = "memory"       // gave way to others at MaxPartial
	EndShutdown  = "shutdown"     // the receiver ended
	EndError     = "error"        // the system refused what a connection needs
)
