package netconn

import (
	"context"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// descriptor is an open socket that goroutines share.
//
// Its life: open; watched, from the first operation that would have had to wait;
// closing, from Close on, when no operation begins any more and those under way are
// woken; closed, when the last of them has left.
type descriptor struct {
	fd     int
	loop   *sigio.Loop
	waiter *sigio.Waiter

	reading sync.Mutex // held by a read, while it waits as well
	writing sync.Mutex // held by a write

	uses  atomic.Int64  // how many use fd, and the bit closing
	empty chan struct{} // closed by the last that leaves after closing

	arming  sync.Mutex  // so that what is posted after armed was set comes after the watching
	armed   atomic.Bool // watching was posted
	watch   *sigio.Watch
	refused bool // watch and refused are the loop's thread's own: no watching any more
}

const closing = 1 << 40

func newDescriptor(fd int, loop *sigio.Loop) *descriptor {
	return &descriptor{fd: fd, loop: loop, waiter: sigio.NewWaiter(), empty: make(chan struct{})}
}

// use keeps fd open until release. The error is net.ErrClosed.
func (d *descriptor) use() error {
	for {
		uses := d.uses.Load()
		if uses&closing != 0 {
			return net.ErrClosed
		}
		if d.uses.CompareAndSwap(uses, uses+1) {
			return nil
		}
	}
}

func (d *descriptor) release() {
	if d.uses.Add(-1) == closing {
		close(d.empty)
	}
}

// beginRead makes the caller the one that reads, until endRead. The error is
// net.ErrClosed, or that of a deadline.
func (d *descriptor) beginRead() error {
	d.reading.Lock()
	err := d.use()
	if err == nil {
		if err = d.waiter.PrepareRead(); err == nil {
			return nil
		}
		d.release()
	}
	d.reading.Unlock()
	return err
}

func (d *descriptor) endRead() {
	d.release()
	d.reading.Unlock()
}

// beginWrite is beginRead for the other direction.
func (d *descriptor) beginWrite() error {
	d.writing.Lock()
	err := d.use()
	if err == nil {
		if err = d.waiter.PrepareWrite(); err == nil {
			return nil
		}
		d.release()
	}
	d.writing.Unlock()
	return err
}

func (d *descriptor) endWrite() {
	d.release()
	d.writing.Unlock()
}

// waitRead is called after EAGAIN, between beginRead and endRead.
func (d *descriptor) waitRead(ctx context.Context) error {
	if err := d.arm(); err != nil {
		return err
	}
	return d.waiter.WaitRead(ctx)
}

// waitWrite is called after EAGAIN, between beginWrite and endWrite.
func (d *descriptor) waitWrite(ctx context.Context) error {
	if err := d.arm(); err != nil {
		return err
	}
	if err := d.loop.Post(d.wantWrite); err != nil {
		return err
	}
	return d.waiter.WaitWrite(ctx)
}

func (d *descriptor) wantWrite() {
	if d.watch != nil {
		d.watch.WantWrite()
	}
}

// arm has the descriptor watched. It does not wait for that: what there was before
// wakes the waiter like anything later.
func (d *descriptor) arm() error {
	if d.armed.Load() {
		return nil
	}
	d.arming.Lock()
	defer d.arming.Unlock()
	if d.armed.Load() {
		return nil
	}
	if err := d.loop.Post(d.startWatch); err != nil {
		return err
	}
	d.armed.Store(true)
	return nil
}

func (d *descriptor) startWatch() {
	if d.refused {
		return
	}
	watch, err := d.loop.Watch(d.fd, d.waiter)
	if err != nil {
		d.waiter.Interrupt(err)
		return
	}
	d.watch = watch
	// A write that failed before the watching began is to be tried again: for the
	// kernel only a failure after it is a reason to signal (net/unix/af_unix.c).
	d.waiter.Ready(watch, sigio.Event{Band: siginfo.Out})
}

// close ends what goes on, waits for it to leave, and closes the socket. The error of
// a second call is net.ErrClosed.
func (d *descriptor) close() error {
	for {
		uses := d.uses.Load()
		if uses&closing != 0 {
			return net.ErrClosed
		}
		if d.uses.CompareAndSwap(uses, uses|closing) {
			d.waiter.Interrupt(net.ErrClosed)
			if uses != 0 {
				<-d.empty
			}
			break
		}
	}
	if d.armed.Load() && d.loop.Do(d.stopWatch) != nil {
		<-d.loop.Done() // which ends every watch, and what was posted before
	}
	return sys.Close(d.fd)
}

func (d *descriptor) stopWatch() {
	d.refused = true
	if d.watch != nil {
		d.watch.Close() // an error means that the number is nobody's
	}
}

// read calls try until it does not say EAGAIN any more.
//
// The first time that it does, other goroutines go first: when they have had their
// turn, a busy peer's next request is often there, and reading it costs less than to
// be woken for it (docs/netconn.md has the measurement). It is one yield, not a spin.
func (d *descriptor) read(try func(fd int) error) error {
	if err := d.beginRead(); err != nil {
		return err
	}
	defer d.endRead()
	yielded := false
	for {
		err := try(d.fd)
		switch err {
		case syscall.EAGAIN:
			if !yielded {
				yielded = true
				runtime.Gosched()
				continue
			}
			yielded = false
			if err := d.waitRead(context.Background()); err != nil {
				return err
			}
		case syscall.EINTR:
		default:
			return err
		}
	}
}

// write is read for the other direction.
func (d *descriptor) write(try func(fd int) error) error {
	if err := d.beginWrite(); err != nil {
		return err
	}
	defer d.endWrite()
	for {
		err := try(d.fd)
		switch err {
		case syscall.EAGAIN:
			if err := d.waitWrite(context.Background()); err != nil {
				return err
			}
		case syscall.EINTR:
		default:
			return err
		}
	}
}

// control calls f while fd is open.
func (d *descriptor) control(f func(fd int) error) error {
	if err := d.use(); err != nil {
		return err
	}
	defer d.release()
	return f(d.fd)
}
