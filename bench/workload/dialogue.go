package workload

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// dialogue is a request and the reply to it, with room for the numbers of whichever is
// at hand: those of its connection and of the request on it.
type dialogue struct {
	request, want []byte
	number        func(connection int, sequence uint64)
}

const numbers = 16 // bytes of both

func putNumbers(p []byte, connection int, sequence uint64) {
	binary.LittleEndian.PutUint64(p, uint64(connection))
	binary.LittleEndian.PutUint64(p[8:], sequence)
}

// newPattern is for an echo.
func newPattern(size int) (dialogue, error) {
	if size < numbers {
		return dialogue{}, fmt.Errorf("a request of %d bytes: want %d at least", size, numbers)
	}
	p := make([]byte, size)
	for i := range p {
		p[i] = byte(i*7 + i>>8)
	}
	return dialogue{p, p, func(connection int, sequence uint64) { putNumbers(p, connection, sequence) }}, nil
}

// newGet is for contestant http, which answers with the path of the request.
func newGet() dialogue {
	const path = "0123456789abcdef0123456789abcdef" // as long as the numbers in hex
	const get = "GET /"
	request := []byte(get + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
	want := []byte("HTTP/1.1 200 OK\r\nContent-Length: 32\r\nContent-Type: text/plain\r\n\r\n" + path)
	inRequest, inReply := request[len(get):], want[len(want)-len(path):]
	return dialogue{request, want, func(connection int, sequence uint64) {
		var p [numbers]byte
		putNumbers(p[:], connection, sequence)
		hex.Encode(inRequest, p[:])
		copy(inReply, inRequest)
	}}
}
