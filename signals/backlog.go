package signals

import "github.com/seed-067c1534/sigio/siginfo"

// backlog is a queue of signals that grows by blocks: what is in it is never
// copied to make room, since that would hold up who empties the ring.
type backlog struct {
	len         int
	head, tail  *block
	first, last int    // the next to pop in head, to push in tail
	spare       *block // one that has been emptied
}

type block struct {
	records [512]siginfo.Record
	next    *block
}

func (b *backlog) push(r *siginfo.Record) {
	if b.tail == nil || b.last == len(b.tail.records) {
		added := b.spare
		if b.spare = nil; added == nil {
			added = new(block)
		}
		if b.tail == nil {
			b.head = added
		} else {
			b.tail.next = added
		}
		b.tail, b.last = added, 0
	}
	b.tail.records[b.last] = *r
	b.last++
	b.len++
}

// pop is called when len is not 0.
func (b *backlog) pop(info *siginfo.Info) {
	*info = b.head.records[b.first].Info()
	b.first++
	b.len--
	if b.first < len(b.head.records) {
		return
	}
	b.spare, b.head, b.first = b.head, b.head.next, 0
	b.spare.next = nil
	if b.head == nil {
		b.tail = nil
	}
}
