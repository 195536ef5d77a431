package jetstream

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"

	"github.com/seed-067c1534/sigio/message"
)

// AppendRecord is the Format of an output.Writer that writes to a Publisher: a message as a line of
// JSON, behind what the Publisher has to know. It is for one process, not for files:
//
//	4 bytes    length of the line, little-endian, with the highest bit set if there is an id
//	16 bytes   the id, if there is one
//	the line
func AppendRecord(dst []byte, m *message.Message) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	head := uint32(0)
	if m.ID != nil {
		head = withID
		dst = appendID(dst, m)
	}
	line := len(dst)
	dst = message.AppendJSON(dst, m)
	binary.LittleEndian.PutUint32(dst[start:], head|uint32(len(dst)-line))
	return dst
}

const (
	withID  = 1 << 31
	headLen = 4
	idLen   = 16
)

// appendID appends what stands for the user and the send_id. Other characters than letters and
// digits may not be in a header, and both may be long.
func appendID(dst []byte, m *message.Message) []byte {
	h := sha256.New()
	var n [8]byte
	binary.LittleEndian.PutUint64(n[:], uint64(len(m.User)))
	h.Write(n[:])
	h.Write(m.User)
	h.Write(m.ID)
	var sum [sha256.Size]byte
	return append(dst, h.Sum(sum[:0])[:idLen]...)
}

var errRecord = errors.New("sigio: jetstream: not a record")

// record is one message, as a Publisher is given it.
type record struct {
	size int    // of all of it
	id   []byte // or nil
	line []byte
}

func nextRecord(b []byte) (r record, err error) {
	if len(b) < headLen {
		return r, errRecord
	}
	head := binary.LittleEndian.Uint32(b)
	r.size = headLen
	if head&withID != 0 {
		r.size += idLen
	}
	n := int(head &^ withID)
	if n == 0 || len(b)-r.size < n {
		return r, errRecord
	}
	if head&withID != 0 {
		r.id = b[headLen:r.size]
	}
	r.line = b[r.size : r.size+n]
	r.size += n
	return r, nil
}

// messageID is the Nats-Msg-Id of a message with an id.
func messageID(id []byte) string { return "send-" + base64.RawURLEncoding.EncodeToString(id) }
