package output

import "slices"

// batch is a sequence of encoded messages and how far it has been written.
//
//	data  |aaaa|bb|cccccc|ddd|        the bytes
//	ends      ^  ^      ^   ^         where each message ends
//	off           ^                   bytes written: a and b are out, c is torn
//	next             2                messages settled: their outcome is known
//	runs  {r1,2} {r2,2}               consecutive messages with one receipt
//
// All three slices are kept from use to use, so that a message costs no allocation.
type batch struct {
	data []byte
	ends []int
	runs []run

	off  int
	next int
	told int // runs[:told] are used up
}

type run struct {
	receipt Receipt
	n       int
}

// add makes a message of the bytes behind the last one.
func (b *batch) add(r Receipt) {
	b.ends = append(b.ends, len(b.data))
	if last := len(b.runs) - 1; last >= b.told && b.runs[last].receipt == r {
		b.runs[last].n++
		return
	}
	b.runs = append(b.runs, run{r, 1})
}

// unsettled returns how many messages have no outcome yet.
func (b *batch) unsettled() int { return len(b.ends) - b.next }

// unwritten returns how many bytes are left.
func (b *batch) unwritten() int { return len(b.data) - b.off }

// torn says whether a message has been written in part.
func (b *batch) torn() bool {
	start := 0
	if b.next > 0 {
		start = b.ends[b.next-1]
	}
	return b.off > start
}

// window returns the bytes of the next write: whole messages up to chunk bytes, at least one, or
// what is left of a torn one. A kill that falls between two writes thus tears no line.
func (b *batch) window(chunk int) []byte {
	rest := b.ends[b.next:]
	i, _ := slices.BinarySearch(rest, b.off+chunk+1)
	return b.data[b.off:rest[max(i-1, 0)]]
}

// wrote records n more written bytes and returns how many messages they complete. Their outcome is
// to be told next, by tell.
func (b *batch) wrote(n int) (complete int) {
	b.off += n
	before := b.next
	for b.next < len(b.ends) && b.ends[b.next] <= b.off {
		b.next++
	}
	return b.next - before
}

// pop returns the receipt of the oldest messages that were not popped yet, and how many of them, at
// most n, share it.
func (b *batch) pop(n int) (Receipt, int) {
	r := &b.runs[b.told]
	n = min(n, r.n)
	r.n -= n
	receipt := r.receipt
	if r.n == 0 {
		r.receipt = nil
		b.told++
	}
	return receipt, n
}

// tell tells the next n messages' outcome to their receipts: Lost for cause, or Delivered if that
// is "".
func (b *batch) tell(n int, cause string) {
	for n > 0 {
		receipt, k := b.pop(n)
		n -= k
		switch {
		case receipt == nil:
		case cause == "":
			receipt.Delivered(k)
		default:
			receipt.Lost(k, cause)
		}
	}
}

// shed removes every message but a torn one, which stays because it has to be completed: otherwise
// the next message would be written into the middle of its line. The messages that it removed are
// in the batch that it returns, with no bytes.
func (b *batch) shed() batch {
	keep, bytes := b.next, b.off
	if b.torn() {
		bytes = b.ends[keep]
		keep++
	}
	gone := batch{ends: slices.Clone(b.ends[keep:]), runs: slices.Clone(b.runs[b.told:])}
	b.runs = b.runs[:b.told]
	if keep > b.next {
		receipt, n := gone.pop(1)
		b.runs = append(b.runs, run{receipt, n})
	}
	b.data, b.ends = b.data[:bytes], b.ends[:keep]
	return gone
}

// drop takes away the oldest message and returns its size and its receipt.
func (b *batch) drop() (size int, r Receipt) {
	size = b.ends[b.next] - b.off
	b.off += size
	b.next++
	r, _ = b.pop(1)
	b.compact()
	return size, r
}

// moveTo moves the oldest messages, a window of them, to dst, which is empty.
func (b *batch) moveTo(dst *batch, chunk int) {
	w := b.window(chunk)
	dst.data = append(dst.data, w...)
	for end := b.off + len(w); b.next < len(b.ends) && b.ends[b.next] <= end; b.next++ {
		dst.ends = append(dst.ends, b.ends[b.next]-b.off)
	}
	for n := len(dst.ends); n > 0; {
		receipt, k := b.pop(n)
		dst.runs = append(dst.runs, run{receipt, k})
		n -= k
	}
	b.off += len(w)
	b.compact()
}

// compact gives up the memory of messages that are gone, when that is at least half.
func (b *batch) compact() {
	if 2*b.off < len(b.data) && 2*b.next < len(b.ends) {
		return
	}
	b.data = append(b.data[:0], b.data[b.off:]...)
	b.ends = append(b.ends[:0], b.ends[b.next:]...)
	for i := range b.ends {
		b.ends[i] -= b.off
	}
	live := copy(b.runs, b.runs[b.told:])
	clear(b.runs[live:])
	b.runs = b.runs[:live]
	b.off, b.next, b.told = 0, 0, 0
}

// reset empties the batch for its next use. A buffer that one outsized message has blown up beyond
// limit is not kept.
func (b *batch) reset(limit int) {
	if cap(b.data) > limit {
		b.data = nil
	}
	clear(b.runs)
	*b = batch{data: b.data[:0], ends: b.ends[:0], runs: b.runs[:0]}
}
