package spool

import "github.com/seed-067c1534/sigio/message"

// Clean returns when the janitor has worked once more.
func (s *Spool) Clean() {
	for range 3 { // the third is taken after the first one's work, and there is room for one
		s.janitor <- struct{}{}
	}
}

// Write stores what AppendMessage has made, as the Writer in front of the stream does.
func (s *Spool) Write(b []byte) (int, error) { return s.sink.Write(b) }

// AppendMessage appends a message for Write.
func (s *Spool) AppendMessage(dst []byte, m *message.Message) []byte {
	return format(false, s.seen)(dst, m)
}
