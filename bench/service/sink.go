// Package service is what every server in this module does with the bytes that it
// gets, so that contestants differ in how they come by them, and in nothing else.
package service

import (
	"bytes"
	"fmt"
	"os"
	"sync"
	"time"
)

// sinkSize is when a sink writes without waiting.
const sinkSize = 256 << 10

// Sink collects lines and writes them to a file, at the latest a while after the
// first one that is not written. Its methods may be called from any goroutine.
type Sink struct {
	file  *os.File
	flush time.Duration

	mu    sync.Mutex
	buf   []byte
	timer *time.Timer
	armed bool
}

// OpenSink opens a sink over a file, to which it appends: a file that is truncated
// meanwhile goes on at its beginning.
func OpenSink(path string, flush time.Duration) (*Sink, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	s := &Sink{file: f, flush: flush, buf: make([]byte, 0, sinkSize+64<<10)}
	s.timer = time.AfterFunc(time.Hour, s.due)
	s.timer.Stop()
	return s, nil
}

// Begin starts a batch of lines, which End ends.
func (s *Sink) Begin() { s.mu.Lock() }

// Line adds a line that has no newline yet, or has one.
func (s *Sink) Line(text []byte) {
	s.buf = append(s.buf, text...)
	if n := len(text); n == 0 || text[n-1] != '\n' {
		s.buf = append(s.buf, '\n')
	}
	s.full()
}

// lines adds text that consists of whole lines.
func (s *Sink) lines(text []byte) {
	s.buf = append(s.buf, text...)
	s.full()
}

func (s *Sink) full() {
	if len(s.buf) >= sinkSize {
		s.write()
	}
}

// End ends a batch.
func (s *Sink) End() {
	switch {
	case len(s.buf) == 0 || s.armed:
	case s.flush == 0:
		s.write()
	default:
		s.armed = true
		s.timer.Reset(s.flush)
	}
	s.mu.Unlock()
}

func (s *Sink) due() {
	s.mu.Lock()
	s.armed = false
	s.write()
	s.mu.Unlock()
}

func (s *Sink) write() {
	if len(s.buf) == 0 {
		return
	}
	if _, err := s.file.Write(s.buf); err != nil {
		Fatal(err)
	}
	s.buf = s.buf[:0]
}

// Fatal ends the process: a contestant that cannot do its work must not go on.
func Fatal(err error) {
	fmt.Fprintln(os.Stderr, "bench:", err)
	os.Exit(1)
}

// Stream is what a sink keeps of a connection: the beginning of a line.
type Stream struct{ rest []byte }

// Feed takes bytes of a connection.
func (s *Sink) Feed(c *Stream, data []byte) {
	end := bytes.LastIndexByte(data, '\n') + 1
	if end > 0 {
		s.Begin()
		s.buf = append(s.buf, c.rest...)
		s.lines(data[:end])
		s.End()
		c.rest = c.rest[:0]
	}
	c.rest = append(c.rest, data[end:]...)
}

// Finish takes what is left at the end of a connection for a line.
func (s *Sink) Finish(c *Stream) {
	if len(c.rest) > 0 {
		s.Begin()
		s.Line(c.rest)
		s.End()
		c.rest = nil
	}
}
