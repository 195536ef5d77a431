package sigio

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"runtime"

	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// Watch is a descriptor that a loop listens to. Its life: watched, from Loop.Watch
// on; queued, while it waits to be called; closed, by Close or by the end of the
// loop. The fields are the loop's thread's own.
type Watch struct {
	loop    *Loop
	handler Handler
	fd      int32
	band    siginfo.Band // what has come since the last call
	signals int32        // how many signals that were
	hot     int32        // place among the loop's hot.entries, from 1; 0: its signals are on
	since   uint8        // the turn of the last call for a signal
	streak  int8         // how many such calls in a row; less than 0: so many more are needed
	queued  bool         // on the ready list
	writing bool         // somebody waits for room to write
	looked  bool         // the last word of room came from a look alone
	listed  bool         // among the loop's writeLook.watches
	closed  bool
	owned   bool // it was made by WatchOwned
}

// Watch makes fd's signals call h. It may be called from any goroutine; off the
// loop's thread it waits for the loop to do it.
//
// The descriptor must be non-blocking, and be watched once: two descriptors of one
// open file description (dup(2), fork(2)) cannot be watched apart. h is called for
// the first time by itself if something is there already. It must not be nil,
// unless WaitRead and WaitWrite are to be used instead.
//
// The error is errors.ErrUnsupported for files that send no signals: regular
// files, directories, eventfd, timerfd, epoll, memfd and others, which the kernel
// answers with ENOTTY; and for what was opened with O_ASYNC (open(2)). It is
// net.ErrClosed after the end of the loop. A descriptor passed to another process
// while it is watched can be silenced by that process; see Options.Verify.
func (l *Loop) Watch(fd int, h Handler) (*Watch, error) {
	if fd < 0 || fd > math.MaxInt32 {
		return nil, fmt.Errorf("sigio: watch descriptor %d: no descriptor has that number", fd)
	}
	if h == nil {
		h = newWaiter()
	}
	return l.open(&Watch{loop: l, handler: h, fd: int32(fd)})
}

// open opens w on the loop's thread.
func (l *Loop) open(w *Watch) (*Watch, error) {
	err, closed := w.do((*Watch).open)
	if closed != nil {
		return nil, closed
	}
	if err != nil {
		return nil, fmt.Errorf("sigio: watch descriptor %d: %w", w.fd, err)
	}
	return w, nil
}

// do calls f on the loop's thread, without an allocation if this is it. Closed is
// the error of a loop that has ended.
func (w *Watch) do(f func(*Watch) error) (err, closed error) {
	if w.loop.OnLoop() {
		return f(w), nil
	}
	return w.post(f)
}

func (w *Watch) post(f func(*Watch) error) (err, closed error) {
	closed = w.loop.Do(func() { err = f(w) })
	return err, closed
}

// open registers w, arms its descriptor, and then looks once: what arrived before
// the descriptor was armed sends no signal. Looking before arming would leave a
// gap between the two.
func (w *Watch) open() error {
	l := w.loop
	fd := w.FD()
	if l.lookup(fd) != nil {
		return fmt.Errorf("it is watched already; close the earlier Watch first, and before its descriptor")
	}
	if err := w.arm(); err != nil {
		return err
	}
	for len(l.watches) <= fd { // after Arm: fd is a descriptor, not just any number
		l.watches = append(l.watches, nil)
	}
	l.watches[fd] = w
	l.count.Watches++
	l.look(w)
	return nil
}

// FD returns the descriptor.
func (w *Watch) FD() int { return int(w.fd) }

// Close stops the watching: when it returns, the descriptor sends no more signals
// and the handler is not running and will not be called again; waiters get
// net.ErrClosed. The descriptor stays open and is the caller's to close,
// afterwards: a description that lives on in a child process would go on
// signalling. Close may be called from any goroutine and more than once; off the
// loop's thread it waits for the loop. An error, such as EBADF for a descriptor
// that was closed too early, is that of the disarming call; the Watch is closed
// all the same.
func (w *Watch) Close() error {
	err, closed := w.do((*Watch).close)
	if closed != nil {
		<-w.loop.done // which closes every watch
		return nil
	}
	if err != nil {
		return fmt.Errorf("sigio: close the watch of descriptor %d: %w", w.fd, err)
	}
	return nil
}

func (w *Watch) close() error {
	if w.closed {
		return nil
	}
	w.closed = true
	w.loop.watches[w.fd] = nil
	w.loop.count.Watches--
	if waiter, ok := w.handler.(*waiter); ok {
		waiter.Interrupt(errWatchClosed)
	}
	if w.hot != 0 {
		w.loop.hot.remove(w) // its signals are off
		return nil
	}
	return w.disarm()
}

// Again makes the loop call the handler in its next turn, as if it had returned
// More. It may be called from any goroutine: the way to go on after a pause.
func (w *Watch) Again() {
	if w.loop.OnLoop() {
		w.again()
		return
	}
	w.loop.Post(w.again) // after the end there is nobody to call
}

func (w *Watch) again() {
	if !w.closed {
		w.loop.mark(w, 0)
	}
}

// WantWrite says that a write failed with EAGAIN, or that a connect(2) is under
// way: the handler is called with siginfo.Out in its event's Band when there is
// room. It has to be said again after each such call that found no room after all.
// It may be called from any goroutine.
//
// A signal alone would not do. TCP sends it only after a write that failed, or a
// look that found no room, since the descriptor was armed, and a later write that
// succeeds cancels it; a Unix stream socket does not count the look; a Unix
// datagram socket whose peer is full sends none (net/core/stream.c
// sk_stream_write_space, net/unix/af_unix.c). So the loop looks at once (unless
// that is what it did the last time, in vain), and again after 10 ms, 20 ms, and so
// on up to 160 ms apart, until there is room.
func (w *Watch) WantWrite() {
	if w.loop.OnLoop() {
		w.wantWrite()
		return
	}
	w.loop.Post(w.wantWrite)
}

// WaitRead waits until the descriptor may be readable, has an error or is hung up.
// Like an event it is a hint: read until EAGAIN before waiting again. It returns
// nil at once if there was an event since it last returned. It ends with ctx's
// error, or with net.ErrClosed when the Watch or the loop is closed.
//
// One goroutine may wait to read and another one to write. The Watch must have
// been made without a handler.
func (w *Watch) WaitRead(ctx context.Context) error {
	waiter, err := w.waiter()
	if err != nil {
		return err
	}
	return waiter.WaitRead(ctx)
}

// WaitWrite waits until the descriptor may be writable, after a write that failed
// with EAGAIN or a connect(2) under way; otherwise it is like WaitRead.
func (w *Watch) WaitWrite(ctx context.Context) error {
	waiter, err := w.waiter()
	if err != nil {
		return err
	}
	w.WantWrite()
	return waiter.WaitWrite(ctx)
}

func (w *Watch) waiter() (*waiter, error) {
	waiter, ok := w.handler.(*waiter)
	if !ok {
		return nil, fmt.Errorf("sigio: wait for descriptor %d: it has a handler; watch it with nil to wait for it", w.fd)
	}
	return waiter, nil
}

// describe names w's handler for a PanicError.
func (w *Watch) describe() string {
	name := fmt.Sprintf("%T", w.handler)
	if f, ok := w.handler.(HandlerFunc); ok {
		name = runtime.FuncForPC(reflect.ValueOf(f).Pointer()).Name()
	}
	return fmt.Sprintf("the handler of descriptor %d (%s)", w.fd, name)
}

// pollFd is w as poll(2) is to look at it. Room to write is the usual state, so
// it is asked for only when somebody waits for it.
func (w *Watch) pollFd() sys.PollFd {
	want := lookBand
	if w.writing {
		want |= siginfo.Out
	}
	return sys.PollFd{Fd: w.fd, Events: int16(want)}
}
