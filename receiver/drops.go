package receiver

import (
	"fmt"
	"time"

	"github.com/seed-067c1534/sigio"
)

// dropWatch tells an operator, in words, when the kernel drops datagrams at a
// socket. It asks the kernel at most once in a second, and not at all while
// nothing comes.
type dropWatch struct {
	d     *datagrams
	timer *sigio.Timer
	set   bool
	told  uint64
}

const dropCheck = time.Second

func (c *dropWatch) init(d *datagrams) { c.d = d }

// soon makes sure that the kernel is asked within the next second.
func (c *dropWatch) soon() {
	if c.set {
		return
	}
	c.set = true
	if c.timer == nil {
		c.timer = c.d.w.loop.AfterFunc(dropCheck, c.check)
	} else {
		c.timer.Reset(dropCheck)
	}
}

func (c *dropWatch) check() {
	c.set = false
	if c.d.closed {
		return
	}
	total := c.d.account.kernelDrops()
	if total > c.told && c.d.w.r.warn("drops at "+c.d.url, c.text(total)) {
		c.told = total
	}
	// A full buffer sends no signal. And what was not told has to be.
	if c.d.w.hold.refused != nil || total > c.told {
		c.soon()
	}
}

func (c *dropWatch) text(total uint64) string {
	return fmt.Sprintf("%s: the kernel dropped %d datagrams, %d in all, because its receive buffer of %d bytes was full; "+
		"ask for a larger one (--receive-buffer; its limit is the sysctl net.core.rmem_max), or for more workers (--workers)",
		c.d.url, total-c.told, total, c.d.granted/2)
}
