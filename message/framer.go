package message

import "bytes"

// DefaultMaxSize is the size in bytes over which a message in a stream is skipped, unless the Framer says
// otherwise.
const DefaultMaxSize = 64 << 10

// A Cause names why a Framer had to give something up. It is empty when nothing was.
type Cause string

const (
	// Oversize: a message was longer than MaxSize. All of it is passed over; the stream goes on behind it.
	Oversize Cause = "oversize"
	// BadFraming: in a stream of counted frames there was no possible count where one must be, or the stream
	// ended right behind a count or inside one. Where the next message begins cannot be known: the stream
	// should be closed.
	BadFraming Cause = "framing"
)

// A Framer finds the messages in one stream of bytes that arrives cut anywhere. How it is cut makes no
// difference to what is found. The zero value is ready for use; it is 40 bytes on a 64-bit machine, allocates
// nothing and holds no bytes of the stream: the caller keeps those that are not consumed. Use it from one
// goroutine at a time.
//
// # What a stream is made of
//
// White space is space, tab, CR and LF. Unless Framing says otherwise, the first byte of the stream that is not
// white space decides, for ever:
//
//   - An opening brace: JSON objects one after another, with any white space or none between them. A frame is
//     one object, whole.
//   - A digit at the beginning of a line, if it begins a number without leading zero of up to 9 digits, then
//     one space, then an opening brace or '<': counted frames (RFC 6587, section 3.4.1). The number says how
//     many bytes behind the space are the frame, whatever they are. Newlines in front of a number are passed
//     over.
//   - Anything else: lines. A line ends at LF or CR LF. Lines of nothing but white space are passed over.
//
// In a stream of JSON, what is no object is a line. Where something else than an opening brace stands between
// objects, a line begins. Where an object that has begun turns out not to be valid JSON, a line has begun
// with it that ends at the next LF, so such a frame may have newlines inside. But if the byte that makes it
// invalid is an opening brace, and the first on its line, then the broken one ends before that line, and an
// object begins: a sender that was cut off in the middle of an object does not take the next one with it.
//
// # Size
//
// A frame has at most MaxSize bytes. For an object these are counted from brace to brace; for a line, up to
// the LF, so that a CR counts, and white space at its beginning; for a counted frame, the number counts. What
// is longer is reported once, as Oversize, when that is known, and then passed over to its end. An object
// that turns out to be broken after that ends at the next LF, whatever begins there.
type Framer struct {
	// MaxSize is the most bytes that a frame may have; 0 or less means DefaultMaxSize. It must not be changed
	// within a stream, and nor may Framing.
	MaxSize int

	// The first scanned bytes of what is not consumed were looked at before, and end no frame. In the body of
	// a counted frame, scanned is instead how many bytes are still to come.
	scanned int
	json    grammar // of the object that has begun
	state   part
	skip    bool // the unit at hand was reported as Oversize: consume it

	// Framing says what the stream is made of. The zero value lets its first bytes decide. It stands here
	// because there are as many Framers as connections.
	Framing Framing
}

// A part is what part of a stream the next unconsumed byte belongs to.
//
//	         ,-> between <-> object --> rest --> between ...     JSON; between -> rest too
//	start --+--> line                                            lines
//	        +--> nul                                             texts that end in a NUL
//	         `-> count <-> body;  count -> closed                counted frames
type part uint8

const (
	start   part = iota // nothing but white space so far
	between             // JSON: in front of an object
	object              // JSON: in an object
	rest                // JSON: in a line
	line                // in a line, or in front of it
	nul                 // in a text that ends in a NUL, or in front of it
	count               // in front of a count, or in it
	body                // in the frame behind it
	closed              // behind an error
)

// Next finds the next message.
//
// Buf is what the stream has brought and earlier calls have not consumed, in one piece: the bytes that the
// last call left, unchanged, and new ones behind them. The first n bytes of buf are consumed by this call.
// Then:
//
//   - frame is not nil: it is a message, never empty, a part of buf[:n]. Call Next again with buf[n:].
//   - cause is not empty: a message was given up, or with BadFraming the stream. Call Next again with buf[n:].
//   - neither: buf[n:] is the beginning of a message, or empty. Call Next again when it has grown, or End.
//
// What is left in the third case is never longer than MaxSize, or 10 bytes if that is more; it is empty
// unless a message has begun. But for a count, bytes that were looked at are not looked at again, so that a
// message may come byte by byte. After BadFraming all further bytes are consumed and nothing is found.
func (f *Framer) Next(buf []byte) (frame []byte, n int, cause Cause) {
	for {
		b := buf[n:]
		size, used, o := f.step(b)
		n += used
		switch o {
		case found:
			return b[:size:size], n, ""
		case oversize:
			return nil, n, Oversize
		case broken:
			return nil, n, BadFraming
		case wait:
			return nil, n, ""
		}
	}
}

// End says what the bytes are that were left when the stream ended: buf is as for Next, which must have asked
// for more. Both results are empty if no message had begun, or if it was reported as given up. Otherwise
// frame is the last message, cut off by the end of the stream or not, or cause says why it is none.
// Afterwards f is ready for another stream.
func (f *Framer) End(buf []byte) (frame []byte, cause Cause) {
	part, skip := f.state, f.skip
	*f = Framer{MaxSize: f.MaxSize, Framing: f.Framing}
	switch {
	case skip || part == closed:
		return nil, ""
	case part == count && len(buf) > 0, part == body && len(buf) == 0:
		return nil, BadFraming
	case part == body:
		return buf, ""
	case part == object:
		n := trimSpace(buf)
		return buf[:n:n], ""
	case len(buf) > f.max():
		return nil, Oversize // digits at the beginning are kept whatever MaxSize is
	}
	if n := text(buf); n > 0 {
		return buf[:n:n], ""
	}
	return nil, ""
}

// An outcome is what one step comes to.
type outcome uint8

const (
	again    outcome = iota // there is a new state, or less to look at
	wait                    // more bytes are needed
	found                   // the first size bytes are a frame
	oversize                // report Oversize
	broken                  // report BadFraming
)

// step looks at b, and consumes the first used bytes of it.
func (f *Framer) step(b []byte) (size, used int, o outcome) {
	switch f.state {
	case start:
		if f.Framing != Auto {
			f.state = f.Framing.first()
			return 0, 0, again
		}
		return f.first(b)
	case between:
		i := space(b, 0)
		if i == len(b) {
			return 0, i, wait
		}
		f.state = rest
		if b[i] == '{' {
			f.state, f.json = object, grammar{}
		}
		return 0, i, again
	case object:
		return f.object(b)
	case rest:
		return f.line(b, '\n', between)
	case line:
		return f.line(b, '\n', line)
	case nul:
		return f.line(b, 0, nul)
	case count:
		if f.Framing == Len32 {
			return f.count32(b)
		}
		return f.count(b)
	case body:
		return f.body(b)
	}
	return 0, len(b), wait
}

// first decides what the stream is made of. Lines of white space are consumed; white space in front of the
// first text is kept until it is known whether it belongs to a line.
func (f *Framer) first(b []byte) (size, used int, o outcome) {
	begin := 0 // of the line
	for i := f.scanned; i < len(b); i++ {
		c := b[i]
		switch {
		case c == '\n':
			begin = i + 1
			continue
		case i-begin >= f.max():
			f.state = line
		case isSpace(c):
			continue
		case c == '{':
			f.state, begin = between, i
		case i == begin:
			switch _, n := length(b[i:]); {
			case n < 0 || n > 0 && i+n == len(b):
				f.scanned = 0
				return 0, begin, wait
			case n > 0 && (b[i+n] == '{' || b[i+n] == '<'):
				f.state = count
			default:
				f.state = line
			}
		default:
			f.state = line
		}
		f.scanned = 0
		return 0, begin, again
	}
	f.scanned = len(b) - begin
	return 0, begin, wait
}

// object reads on in an object.
func (f *Framer) object(b []byte) (size, used int, o outcome) {
	n, v := f.json.scan(b[f.scanned:f.limit(b)])
	n += f.scanned
	f.scanned = n
	switch v {
	case done:
		return f.finish(n, n, between)
	case more:
		return f.more()
	}
	if b[n] == '{' && !f.skip {
		size := trimSpace(b[:n])
		if bytes.IndexByte(b[size:n], '\n') >= 0 {
			return f.finish(size, n, between)
		}
	}
	f.state = rest
	return 0, 0, again
}

// line reads on in a line that ends in terminator; the state behind it is next.
func (f *Framer) line(b []byte, terminator byte, next part) (size, used int, o outcome) {
	end := f.limit(b)
	i := bytes.IndexByte(b[f.scanned:end], terminator)
	if i < 0 {
		f.scanned = end
		return f.more()
	}
	i += f.scanned
	return f.finish(text(b[:i]), i+1, next)
}

// limit returns how far b may be scanned: one byte more than a frame may have, since that one makes it
// oversize, wherever the stream is cut.
func (f *Framer) limit(b []byte) int {
	if n := f.max(); !f.skip && len(b) > n {
		return n + 1
	}
	return len(b)
}

func (f *Framer) max() int {
	if f.MaxSize <= 0 {
		return DefaultMaxSize
	}
	return f.MaxSize
}

// more asks for more bytes of an object or a line, once all up to limit were scanned without finding its end.
func (f *Framer) more() (size, used int, o outcome) {
	n := f.scanned
	switch {
	case f.skip:
		f.scanned = 0
		return 0, n, wait
	case n > f.max():
		f.scanned, f.skip = 0, true
		return 0, n, oversize
	}
	return 0, 0, wait
}

// finish ends a frame of size bytes, none if that is 0.
func (f *Framer) finish(size, used int, next part) (int, int, outcome) {
	o := found
	switch {
	case f.skip || size == 0:
		o = again
	case size > f.max():
		o = oversize
	}
	f.state, f.scanned, f.skip = next, 0, false
	return size, used, o
}

// count reads the length of a frame.
func (f *Framer) count(b []byte) (size, used int, o outcome) {
	i := 0
	for i < len(b) && (b[i] == '\n' || b[i] == '\r') {
		i++
	}
	size, n := length(b[i:])
	switch {
	case n < 0:
		return 0, i, wait
	case n == 0:
		f.state = closed
		return 0, len(b), broken
	}
	return f.counted(size, i+n)
}

// counted begins a frame of size bytes.
func (f *Framer) counted(size, used int) (int, int, outcome) {
	f.state, f.scanned = body, size
	if size > f.max() {
		f.skip = true
		return 0, used, oversize
	}
	return 0, used, again
}

// body reads a frame whose length is known.
func (f *Framer) body(b []byte) (size, used int, o outcome) {
	n := f.scanned
	switch {
	case len(b) >= n:
		return f.finish(n, n, count)
	case f.skip:
		f.scanned -= len(b)
		return 0, len(b), wait
	}
	return 0, 0, wait
}

// length reads a number without leading zero and the space behind it. It returns the number and how many
// bytes it read: 0 if there is no such number, -1 if b ends within it. Nine digits fit an int everywhere, and
// a message of a gigabyte is none.
func length(b []byte) (size, n int) {
	for i, c := range b {
		switch {
		case c == ' ' && i > 0:
			return size, i + 1
		case !isDigit(c) || c == '0' && i == 0 || i == 9:
			return 0, 0
		}
		size = size*10 + int(c-'0')
	}
	return 0, -1
}

// text returns the length of a line without the CR at its end; 0 if there is nothing but white space in it.
func text(b []byte) int {
	if space(b, 0) == len(b) {
		return 0
	}
	return len(trimCR(b))
}

// trimSpace returns the length of b without the white space at its end.
func trimSpace(b []byte) int {
	n := len(b)
	for n > 0 && isSpace(b[n-1]) {
		n--
	}
	return n
}
