package spool

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/output"
)

// A stored record has one or more messages:
//
//	1 byte   version
//	8 bytes  epoch: a number for the series of messages, chosen at random
//	8 bytes  first: the number of the first message in that series
//	4 bytes  how many messages follow
//	messages, each: output.AppendRecord; 4 bytes, a length; so many bytes, as it was received
//
// All numbers are little-endian. The series continues over restarts, so that a gap shows what was
// lost, and that it was lost.
const (
	recordVersion = 1
	recordHead    = 1 + 8 + 8 + 4
)

// recordSize is what a record holds at most, unless a single message is larger. It is a quarter of
// what a server takes by default.
const recordSize = 256 << 10

type header struct {
	epoch, first uint64
	count        int
}

// gap returns how many messages are missing between h, the next that is wanted, and what has come.
// Nobody knows that of different series.
func (h header) gap(come header) uint64 {
	if h.epoch != come.epoch || come.first <= h.first {
		return 0
	}
	return come.first - h.first
}

// end is what comes behind h's messages.
func (h header) end() header { return header{epoch: h.epoch, first: h.first + uint64(h.count)} }

func (h header) append(dst []byte) []byte {
	dst = append(dst, recordVersion)
	dst = binary.LittleEndian.AppendUint64(dst, h.epoch)
	dst = binary.LittleEndian.AppendUint64(dst, h.first)
	return binary.LittleEndian.AppendUint32(dst, uint32(h.count))
}

var errVersion = errors.New("it was stored by another version of sigio: let that one empty the spool first")

func parseHeader(b []byte) (h header, messages []byte, err error) {
	switch {
	case len(b) < recordHead:
		return h, nil, output.ErrRecord
	case b[0] != recordVersion:
		return h, nil, fmt.Errorf("record version %d: %w", b[0], errVersion)
	}
	h.epoch = binary.LittleEndian.Uint64(b[1:])
	h.first = binary.LittleEndian.Uint64(b[9:])
	h.count = int(binary.LittleEndian.Uint32(b[17:]))
	return h, b[recordHead:], nil
}

// format returns the Format of the Writer in front of the stream. What was seen before becomes
// nothing.
func format(keepBody bool, seen *seen) func([]byte, *message.Message) []byte {
	return func(dst []byte, m *message.Message) []byte {
		if m.ID != nil && seen.again(m, time.Now()) {
			seen.duplicates.Add(1)
			return dst
		}
		dst = output.AppendRecord(dst, m)
		if !keepBody {
			return append(dst, 0, 0, 0, 0)
		}
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(m.Body)))
		return append(dst, m.Body...)
	}
}

// size returns how many bytes the message at the beginning of b has.
func size(b []byte) (int, error) {
	if len(b) < 4 {
		return 0, output.ErrRecord
	}
	n := uint64(binary.LittleEndian.Uint32(b)) + 4
	if uint64(len(b)) < n+4 {
		return 0, output.ErrRecord
	}
	n += uint64(binary.LittleEndian.Uint32(b[n:])) + 4
	if uint64(len(b)) < n {
		return 0, output.ErrRecord
	}
	return int(n), nil
}

// next sets m to the message at the beginning of b, which it aliases, and returns what is behind it.
func next(b []byte, m *message.Message) (rest []byte, err error) {
	n, err := size(b)
	if err != nil {
		return nil, err
	}
	body, err := output.NextRecord(b[:n], m)
	if err != nil {
		return nil, err
	}
	if m.Body = body[4:]; len(m.Body) == 0 {
		m.Body = m.Text
	}
	return b[n:], nil
}
