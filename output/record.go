package output

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"time"

	"github.com/seed-067c1534/sigio/message"
)

// AppendRecord is a Format for outputs that keep a message's parts apart, such as a database: its
// Write gets records, which NextRecord takes one by one. A record is for one process, not for files:
//
//	4 bytes   length of the rest, little-endian
//	1 byte    flags
//	varint    ReceivedAt, in nanoseconds since 1970
//	strings   Transport, Peer, User, Time, Text, and ID and Extra if the flags say so; each is a
//	          uvarint, its length, and its bytes
//
// Body is not in it.
func AppendRecord(dst []byte, m *message.Message) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0, recordFlags(m))
	dst = binary.AppendVarint(dst, m.ReceivedAt.UnixNano())
	dst = binary.AppendUvarint(dst, uint64(len(m.Transport)))
	dst = append(dst, m.Transport...)
	var b [64]byte
	peer := b[:0]
	if m.Peer.IsValid() {
		peer = m.Peer.AppendTo(peer)
	}
	dst = appendBytes(dst, peer)
	dst = appendBytes(dst, m.User)
	dst = appendBytes(dst, m.Time)
	dst = appendBytes(dst, m.Text)
	if m.ID != nil {
		dst = appendBytes(dst, m.ID)
	}
	if len(m.Extra) > 0 {
		dst = appendBytes(dst, m.Extra)
	}
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst
}

const (
	recordRaw = 1 << iota
	recordInvalid
	recordID
	recordExtra
)

func recordFlags(m *message.Message) (flags byte) {
	for i, set := range [...]bool{m.Raw, m.InvalidUTF8, m.ID != nil, len(m.Extra) > 0} {
		if set {
			flags |= 1 << i
		}
	}
	return flags
}

func appendBytes(dst, b []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(b)))
	return append(dst, b...)
}

// ErrRecord is returned for bytes that AppendRecord has not made, or not all of them.
var ErrRecord = errors.New("sigio: output: not a record")

// NextRecord sets m to the record at the beginning of b, and returns what is behind it. The fields
// of m alias b; Body is nil.
func NextRecord(b []byte, m *message.Message) (rest []byte, err error) {
	if len(b) < 5 {
		return b, ErrRecord
	}
	n := binary.LittleEndian.Uint32(b)
	if uint64(n) > uint64(len(b)-4) || n == 0 {
		return b, ErrRecord
	}
	r := reader{b: b[5 : 4+n]}
	flags := b[4]
	at, k := binary.Varint(r.b)
	if k <= 0 {
		return b, ErrRecord
	}
	r.b = r.b[k:]
	m.ReceivedAt = time.Unix(0, at)
	m.Transport = transport(r.bytes())
	m.Peer = netip.AddrPort{}
	if peer := r.bytes(); len(peer) > 0 {
		if m.Peer, err = netip.ParseAddrPort(string(peer)); err != nil {
			return b, ErrRecord
		}
	}
	m.User, m.Time, m.Text = r.bytes(), r.bytes(), r.bytes()
	m.ID, m.Extra, m.Body = nil, nil, nil
	m.Raw, m.InvalidUTF8 = flags&recordRaw != 0, flags&recordInvalid != 0
	if flags&recordID != 0 {
		m.ID = r.bytes()
	}
	if flags&recordExtra != 0 {
		m.Extra = r.bytes()
	}
	if r.bad || len(r.b) > 0 {
		return b, ErrRecord
	}
	return b[4+n:], nil
}

// reader takes strings from b.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) bytes() []byte {
	n, k := binary.Uvarint(r.b)
	if k <= 0 || n > uint64(len(r.b)-k) {
		r.bad = true
		return nil
	}
	end := k + int(n)
	s := r.b[k:end:end]
	r.b = r.b[end:]
	return s
}

// transport is string(b), without an allocation for the usual ones.
func transport(b []byte) string {
	switch string(b) {
	case "udp":
		return "udp"
	case "tcp":
		return "tcp"
	case "tls":
		return "tls"
	case "unix":
		return "unix"
	case "unixgram":
		return "unixgram"
	}
	return string(b)
}
