package message

// MaxDepth is how many JSON objects and arrays may stand inside one another, the outermost included. A value
// nested deeper is not taken for JSON: Parse makes it a raw message, and in a stream it becomes a line.
const MaxDepth = 64

// A verdict is what a scan knows so far.
type verdict uint8

const (
	more verdict = iota // valid up to here, and not at an end
	done                // a whole value
	bad                 // no valid JSON begins like this
)

// A state says what the next byte may be. In the want states that is white space too.
type state uint8

const (
	wantValue   state = iota
	wantElement       // after '[': a value or ']'
	wantMember        // after '{': a name or '}'
	wantName          // after a comma in an object
	wantColon
	wantComma // after a value: a comma or the bracket that closes
	inString
	inEscape   // after a backslash
	inHex      // in the four digits of \u
	inWord     // in true, false or null
	inMinus    // numbers, from here on: after '-'
	inZero     // after a leading 0
	inInt      // in the digits before the point
	inPoint    // after '.'
	inFraction // in the digits after it
	inExp      // after 'e'
	inExpSign  // after its sign
	inExpDigit // in its digits
)

// A grammar checks one JSON value (RFC 8259) that comes in pieces cut anywhere. It is a pushdown automaton: a
// state and a stack with one bit for each object or array that is open. The zero value is ready for a value.
type grammar struct {
	stack uint64 // the innermost is the lowest bit; 1 is an object, 0 an array
	depth uint8  // how many are open
	base  uint8  // the depth at which the value is whole: what the caller has opened himself
	state state
	left  uint8 // inHex: digits to come; inWord: the index in words of the next letter
	name  bool  // the string is the name of a member
}

// words are the literals; each ends at its semicolon.
const words = "true;false;null;"

// scan reads b, which follows what was read before. It returns done with the number of bytes that belong to
// the value; bad with the index of the byte that cannot be; or more, with len(b). A number outside of any
// object or array has no end of its own: it is done at the first byte that does not belong to it.
func (g *grammar) scan(b []byte) (int, verdict) {
	for i := 0; i < len(b); {
		if g.state != inString {
			if g.state == wantMember || g.state == wantName {
				if n := g.member(b[i:]); n > 0 {
					i += n
					continue
				}
			}
			width, v := g.step(b[i])
			if v == bad {
				return i, bad
			}
			i += width
			if v == done {
				return i, done
			}
			continue
		}
		if i = quoted(b, i); i == len(b) {
			break
		}
		switch b[i] {
		case '"':
			if g.name {
				g.state, g.name = wantColon, false
			} else if g.end() == done {
				return i + 1, done
			}
		case '\\':
			g.state = inEscape
		default:
			return i, bad
		}
		i++
	}
	return len(b), more
}

// member takes, in front of a member, as much of it as is whole and usual: the name and the colon, then the
// value, if that is a string, and then the comma. It returns how many bytes that is, or 0. It is there for
// speed alone: step would come to the same.
func (g *grammar) member(b []byte) int {
	i := space(b, 0)
	if i == len(b) || b[i] != '"' {
		return 0
	}
	if n := usual(b[i+1:]); n > 0 {
		i += 1 + n
	} else if i = plain(b, i+1); i == 0 {
		return 0
	}
	if i = space(b, i); i == len(b) || b[i] != ':' {
		return 0
	}
	g.state = wantValue
	n := i + 1
	if i = space(b, n); i == len(b) || b[i] != '"' {
		return n
	}
	if i = plain(b, i+1); i == 0 {
		return n
	}
	g.state = wantComma
	if i < len(b) && b[i] == ',' {
		g.state = wantName
		i++
	}
	return i
}

// plain returns the index behind the string that begins, behind its quote, at b[i], if it is whole and has no
// escapes; otherwise 0.
func plain(b []byte, i int) int {
	if i = quoted(b, i); i == len(b) || b[i] != '"' {
		return 0
	}
	return i + 1
}

// step takes one byte outside of the plain text of strings. The width is 1, or 0 if the byte ended a number
// and is not part of the value.
func (g *grammar) step(c byte) (width int, v verdict) {
	if g.state <= wantComma && isSpace(c) {
		return 1, more
	}
	switch g.state {
	case wantElement:
		if c == ']' {
			return 1, g.pop()
		}
		return 1, g.begin(c)
	case wantValue:
		return 1, g.begin(c)
	case wantMember:
		if c == '}' {
			return 1, g.pop()
		}
		fallthrough
	case wantName:
		if c != '"' {
			return 0, bad
		}
		g.state, g.name = inString, true
	case wantColon:
		if c != ':' {
			return 0, bad
		}
		g.state = wantValue
	case wantComma:
		return 1, g.next(c)
	case inEscape:
		switch c {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			g.state = inString
		case 'u':
			g.state, g.left = inHex, 4
		default:
			return 0, bad
		}
	case inHex:
		if hex(c) < 0 {
			return 0, bad
		}
		if g.left--; g.left == 0 {
			g.state = inString
		}
	case inWord:
		if c != words[g.left] {
			return 0, bad
		}
		if g.left++; words[g.left] == ';' {
			return 1, g.end()
		}
	default:
		return g.number(c)
	}
	return 1, more
}

// begin takes the first byte of a value.
func (g *grammar) begin(c byte) verdict {
	switch {
	case c == '"':
		g.state = inString
	case c == '{':
		return g.push(1, wantMember)
	case c == '[':
		return g.push(0, wantElement)
	case c == 't':
		g.state, g.left = inWord, 1
	case c == 'f':
		g.state, g.left = inWord, 6
	case c == 'n':
		g.state, g.left = inWord, 12
	case c == '-':
		g.state = inMinus
	case c == '0':
		g.state = inZero
	case isDigit(c):
		g.state = inInt
	default:
		return bad
	}
	return more
}

// push opens an object or an array.
func (g *grammar) push(kind uint64, s state) verdict {
	if g.depth == MaxDepth {
		return bad
	}
	g.stack = g.stack<<1 | kind
	g.depth++
	g.state = s
	return more
}

// pop closes the innermost one, which ends it as a value.
func (g *grammar) pop() verdict {
	g.stack >>= 1
	g.depth--
	return g.end()
}

// end ends a value.
func (g *grammar) end() verdict {
	g.state = wantComma
	if g.depth == g.base {
		return done
	}
	return more
}

// next takes the byte after a value inside an object or an array.
func (g *grammar) next(c byte) verdict {
	object := g.stack&1 == 1
	switch {
	case c == ',' && object:
		g.state = wantName
	case c == ',':
		g.state = wantValue
	case c == '}' && object, c == ']' && !object:
		return g.pop()
	default:
		return bad
	}
	return more
}

// number takes a byte inside of a number, or the one after it.
func (g *grammar) number(c byte) (width int, v verdict) {
	exp := c == 'e' || c == 'E'
	switch s := g.state; {
	case s == inMinus && c == '0':
		g.state = inZero
	case s == inMinus && isDigit(c):
		g.state = inInt
	case s == inInt && isDigit(c), s == inFraction && isDigit(c), s == inExpDigit && isDigit(c):
	case (s == inZero || s == inInt) && c == '.':
		g.state = inPoint
	case s == inPoint && isDigit(c):
		g.state = inFraction
	case (s == inZero || s == inInt || s == inFraction) && exp:
		g.state = inExp
	case s == inExp && (c == '+' || c == '-'):
		g.state = inExpSign
	case (s == inExp || s == inExpSign) && isDigit(c):
		g.state = inExpDigit
	case s == inZero || s == inInt || s == inFraction || s == inExpDigit:
		if g.end() == done {
			return 0, done
		}
		return g.step(c)
	default:
		return 0, bad
	}
	return 1, more
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// hex returns the value of a hexadecimal digit, or -1.
func hex(c byte) rune {
	switch {
	case isDigit(c):
		return rune(c - '0')
	case 'a' <= c && c <= 'f':
		return rune(c - 'a' + 10)
	case 'A' <= c && c <= 'F':
		return rune(c - 'A' + 10)
	}
	return -1
}
