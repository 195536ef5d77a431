package receiver

import (
	"bytes"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sys"
)

// datagrams is a UDP socket.
type datagrams struct {
	gate
	w       *worker
	fd      int
	url     string
	manner  *manner
	file    *unixFile
	stamped bool // the kernel says when a datagram arrived
	account *account
	granted int // size of the receive buffer in the kernel's count
	drops   dropWatch
	retry   retry

	next, n int // the part of w.batch that has still to be handed over
	allow   int // while draining: bytes of the kernel's buffer still to be read
	closed  bool

	leaving bool // it is being drained while the others go on
}

const (
	// batchSize is how many datagrams are received by one system call.
	batchSize = 32
	// datagramSize is more than any datagram has (65,527 bytes over IPv6). Memory
	// that no datagram has reached is never touched.
	datagramSize = 64 << 10
	// batchesPerTurn lets other descriptors have their turn.
	batchesPerTurn = 8
	// datagramOverhead is less than what the kernel charges a receive buffer for
	// a datagram besides its bytes: struct sk_buff and struct skb_shared_info.
	datagramOverhead = 512
)

func newDatagrams(w *worker, b *bound, fd int) *datagrams {
	if w.batch == nil {
		w.batch = sys.NewDatagramBatch(batchSize, datagramSize)
	}
	d := &datagrams{w: w, fd: fd, url: b.url(), manner: b.manner, file: b.file,
		stamped: w.r.config.KernelTime, account: newAccount(fd), granted: b.granted}
	d.retry.init(w, &d.gate)
	d.drops.init(d)
	return d
}

func (d *datagrams) start() (err error) {
	d.watch, err = d.w.loop.Watch(d.fd, d)
	return err
}

// Ready reads until the socket is empty or its turn is over.
func (d *datagrams) Ready(_ *sigio.Watch, ev sigio.Event) sigio.Result {
	d.account.event(ev.Signals)
	d.drops.soon()
	if d.w.hold.active(&d.gate) || d.retry.waiting {
		return sigio.Drained
	}
	for range batchesPerTurn {
		n, err := d.w.batch.Receive(d.fd)
		switch err {
		case nil:
		case syscall.EAGAIN:
			return d.drained()
		case syscall.EINTR:
			continue
		default:
			d.retry.later(err)
			return sigio.Drained
		}
		d.retry.succeeded()
		d.next, d.n = 0, n
		d.w.scratch.now = time.Now()
		if !d.hand() {
			d.w.hold.active(&d.gate)
			return sigio.Drained
		}
		// Less than a batch was all there was. What came since has sent a signal,
		// or the loop will look.
		if n < d.w.batch.Len() || d.exhausted() {
			return d.drained()
		}
	}
	return sigio.More
}

// hand hands over the rest of the batch. It returns false if the output has become
// full.
func (d *datagrams) hand() bool {
	for d.next < d.n {
		i := d.next
		d.next++
		body, peer := d.w.batch.Payload(i), d.w.batch.Addr(i)
		cause := d.fault(i)
		if cause == "" {
			cause = d.w.r.refuses(peer, d.w.scratch.now)
		}
		if cause != "" {
			d.account.reject(cause)
			continue
		}
		d.w.scratch.fill(body, d.manner, peer)
		if d.stamped {
			if at, ok := d.w.batch.Arrival(i); ok {
				d.w.scratch.msg.ReceivedAt = at
			}
		}
		d.account.take()
		if !d.w.offer(d.account) {
			d.w.hold.batch = d
			return false
		}
	}
	return true
}

// fault says why the i-th datagram of the batch is no message.
func (d *datagrams) fault(i int) (cause string) {
	body := d.w.batch.Payload(i)
	switch {
	case len(body) > d.w.r.config.MaxMessage || d.w.batch.Truncated(i):
		return CauseOversize
	case len(bytes.TrimLeft(body, " \t\r\n")) == 0:
		return CauseEmpty
	}
	return ""
}

func (d *datagrams) draining() bool { return d.leaving || d.w.draining.Load() }

// exhausted says, while the socket is being drained, whether all has been read
// that its buffer could hold when that began. Otherwise an endless stream of
// datagrams would keep it from its end.
func (d *datagrams) exhausted() bool {
	if !d.draining() {
		return false
	}
	for i := range d.n {
		d.allow -= len(d.w.batch.Payload(i)) + datagramOverhead
	}
	return d.allow <= 0
}

func (d *datagrams) drained() sigio.Result {
	if d.draining() {
		d.close()
	}
	return sigio.Drained
}

func (d *datagrams) drain() {
	d.file.remove() // so that those who come now know
	if d.allow = d.granted; d.allow == 0 {
		d.allow = d.w.r.config.ReceiveBuffer
	}
	if d.watch != nil && !d.closed {
		d.watch.Again()
	}
}

func (d *datagrams) rejectRest() {
	for ; d.next < d.n; d.next++ {
		cause := d.fault(d.next)
		if cause == "" {
			cause = CauseShutdown
		}
		d.account.reject(cause)
	}
}

func (d *datagrams) close() {
	if d.closed {
		return
	}
	d.closed = true
	if d.watch != nil {
		d.watch.Close()
	}
	d.retry.stop()
	d.account.closed()
	d.file.remove()
	sys.Close(d.fd)
	d.w.r.sources.Done()
}

func (d *datagrams) woken() { d.retry.now() }

func (d *datagrams) report(l *ListenerStats) {
	d.account.addTo(&l.Counts)
	l.ReceiveBuffer = d.granted / 2
}
