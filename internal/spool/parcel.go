package spool

import (
	"sync/atomic"

	"github.com/seed-067c1534/sigio/output"
)

// parcel is a record on its way through an output, and the Receipt of its messages.
type parcel struct {
	p     *pump
	seq   uint64
	head  header
	reply string // where the acknowledgement goes; guarded by p.mu
	left  atomic.Int64
	keep  atomic.Bool // it has to come again
}

// Delivered implements output.Receipt.
func (c *parcel) Delivered(n int) { c.settle(n) }

// Lost implements output.Receipt. What an output gives up because it ends stays in the spool. What
// its queue drops, because it is told to, is lost, counted there.
func (c *parcel) Lost(n int, cause string) {
	if cause == output.CauseShutdown || cause == output.CauseClosed {
		c.keep.Store(true)
	} else {
		c.p.lost.Add(uint64(n))
	}
	c.settle(n)
}

func (c *parcel) settle(n int) {
	if c.left.Add(-int64(n)) == 0 {
		c.p.settled(c)
	}
}
