package siginfo

import (
	"strconv"
	"strings"
)

// Band is a set of poll(2) event bits. WrNorm and WrBand have other values on
// MIPS, where WrNorm is the same bit as Out.
type Band uint32

// The bits, by their names in poll.h without POLL (include/uapi/asm-generic/poll.h).
const (
	In     Band = 0x0001 // something to read
	Pri    Band = 0x0002 // urgent data
	Out    Band = 0x0004 // room to write
	Err    Band = 0x0008 // an error
	Hup    Band = 0x0010 // both directions are closed
	NVal   Band = 0x0020 // no such descriptor; poll(2) only, never in a signal
	RdNorm Band = 0x0040 // normal data to read
	RdBand Band = 0x0080 // data of a priority band to read
	Msg    Band = 0x0400 // a message: a lease or a directory watch
	RdHup  Band = 0x2000 // the peer has shut down its writing side
)

// bandNames is in the order of the bits, so that of two names for one bit (WrNorm
// on MIPS) the common one comes first.
var bandNames = [...]struct {
	bit  Band
	name string
}{
	{In, "IN"}, {Pri, "PRI"}, {Out, "OUT"}, {Err, "ERR"}, {Hup, "HUP"}, {NVal, "NVAL"},
	{RdNorm, "RDNORM"}, {RdBand, "RDBAND"}, {WrNorm, "WRNORM"}, {WrBand, "WRBAND"},
	{Msg, "MSG"}, {RdHup, "RDHUP"},
}

// String lists the bits that are set: "IN|RDNORM". Bits without a name follow
// in hexadecimal. The empty Band is "0".
func (b Band) String() string {
	if b == 0 {
		return "0"
	}
	var s strings.Builder
	for _, n := range bandNames {
		if b&n.bit == 0 {
			continue
		}
		b &^= n.bit
		separate(&s)
		s.WriteString(n.name)
	}
	if b != 0 {
		separate(&s)
		s.WriteString("0x" + strconv.FormatUint(uint64(b), 16))
	}
	return s.String()
}

func separate(s *strings.Builder) {
	if s.Len() > 0 {
		s.WriteByte('|')
	}
}

// BandOf returns the band that the kernel sends along with a POLL_* code. It is
// a constant for each code (fs/fcntl.c send_sigio_to_task), so it tells no more
// than the code does: after PollIn, poll(2) may well report Hup too, or nothing.
// For any other code it is 0.
func BandOf(c Code) Band {
	switch c {
	case PollIn:
		return In | RdNorm
	case PollOut:
		return Out | WrNorm | WrBand
	case PollMsg:
		return In | RdNorm | Msg
	case PollErr:
		return Err
	case PollPri:
		return Pri | RdBand
	case PollHup:
		return Hup | Err
	}
	return 0
}
