package receiver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sys"
)

// Receiver receives messages. Its methods may be called from any goroutine.
//
//	new ──Start──> receiving ──Shutdown──> draining ──> ended
//	                   └───── a loop failed ────────────^
type Receiver struct {
	config    Config
	endpoints []endpoint
	warnings  warnings
	limiter   *limiter // nil without a limit
	loops     int      // config.Workers, and one for the goroutines of TLS; changed with listening and mu held
	crew      crew

	most    int64          // connections
	open    atomic.Int64   // connections
	partial atomic.Int64   // bytes of incomplete messages
	sources sync.WaitGroup // sockets and connections that are open

	listening sync.Mutex // held by Listen, which opens before it locks mu

	mu       sync.Mutex
	started  bool
	stopping bool
	bound    []bound
	err      error

	cut     chan struct{} // closed when what is left is not to be read
	cutOnce sync.Once
	short   atomic.Bool // something was left because of that
	done    chan struct{}

	attending sync.WaitGroup
}

// New checks c and returns a Receiver that Start starts. It opens nothing.
func New(c Config) (*Receiver, error) {
	c, err := c.complete()
	if err != nil {
		return nil, err
	}
	r := &Receiver{config: c, loops: c.Workers, limiter: newLimiter(c.RateLimit, c.RateBurst), cut: make(chan struct{}), done: make(chan struct{})}
	if r.endpoints, err = parseEndpoints(c.Listen); err != nil {
		return nil, err
	}
	for i := range r.endpoints {
		m, err := r.config.manner(&r.endpoints[i])
		if err != nil {
			return nil, err
		}
		if m.keys != nil && c.PerConnection == Loop {
			r.loops = c.Workers + 1
		}
	}
	return r, nil
}

// Start opens the sockets and begins to receive. It returns when that is so; the
// ports that the kernel chose are in Stats. It waits for the resolver if a host is
// a name. After an error nothing is open, and the Receiver is of no more use: the
// error is syscall.EADDRINUSE if somebody else has the address,
// errors.ErrUnsupported on a system that this package does not know, and
// net.ErrClosed after Shutdown.
func (r *Receiver) Start() error {
	if err := r.start(); err != nil {
		return err
	}
	r.warnOfBuffers()
	return nil
}

func (r *Receiver) start() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.stopping:
		return fmt.Errorf("sigio: the receiver was shut down: %w", net.ErrClosed)
	case r.started:
		return errors.New("sigio: the receiver was started already")
	}
	r.started = true
	err := r.openAll()
	if err == nil {
		err = r.startAll()
	}
	if err != nil {
		r.stopping = true
		r.bound = nil
		r.crew.set(nil)
		close(r.done)
	}
	return err
}

func (r *Receiver) openAll() (err error) {
	r.bound, err = r.openEach(r.endpoints)
	return err
}

// openEach opens sockets for all endpoints, or for none.
func (r *Receiver) openEach(endpoints []endpoint) (all []bound, err error) {
	for _, e := range endpoints {
		some, err := r.openOne(e)
		if err != nil {
			closeAll(all)
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// startAll starts the loops with the sockets.
func (r *Receiver) startAll() error {
	r.most = r.connectionLimit()
	if err := r.setBuffers(r.bound); err != nil {
		closeAll(r.bound)
		return err
	}
	r.setCoalesce()
	group, err := sigio.NewGroup(r.loops, r.config.Loop)
	if err != nil {
		closeAll(r.bound)
		return err
	}
	r.equip(group)
	for _, w := range r.workers() {
		for _, s := range w.sources {
			r.sources.Add(1)
			// On the loop, so that its handler finds the Watch.
			if err == nil {
				w.loop.Do(func() { err = s.start() })
			}
		}
	}
	if err != nil {
		for _, w := range r.workers() {
			w.loop.Do(w.force)
		}
		group.Close()
		return err
	}
	for _, w := range r.workers() {
		r.attending.Go(func() { r.attend(w.loop) })
	}
	return nil
}

// newSource makes what reads a socket of b, that of the worker number i, which w is.
func (w *worker) newSource(b *bound, i int) source {
	switch {
	case b.fds[i] < 0:
		return &absent{w: w}
	case b.network == sys.TCP || b.network == sys.UnixStream:
		return newListener(w, b, b.fds[i])
	}
	return newDatagrams(w, b, b.fds[i])
}

// connectionLimit keeps the default away from the limit of open files, because
// the program needs some for other things.
func (r *Receiver) connectionLimit() int64 {
	if r.config.MaxConnections > 0 {
		return int64(r.config.MaxConnections)
	}
	limit, err := sys.OpenFileLimit()
	if err != nil || limit > 1<<30 {
		return DefaultMaxConnections
	}
	others := 16 + int(limit)/16 + r.config.Workers*(1+len(r.bound))
	return int64(max(1, min(DefaultMaxConnections, int(limit)-others)))
}

// tooMany says whether a connection must give way.
func (r *Receiver) tooMany() bool { return r.open.Load() > r.most }

// farTooMany says whether to accept no more until goroutines that have not found
// out yet what their connections want have done so. What it allows beyond the
// limit is within what connectionLimit leaves for others.
func (r *Receiver) farTooMany() bool { return r.open.Load() > r.most+r.most/16 }

// attend ends the Receiver if a loop ends by itself.
func (r *Receiver) attend(l *sigio.Loop) {
	<-l.Done()
	if err := l.Err(); err != nil {
		r.mu.Lock()
		r.err = errors.Join(r.err, err)
		r.mu.Unlock()
		r.cutOnce.Do(func() { close(r.cut) })
		r.begin()
	}
}

// Shutdown ends the Receiver: it accepts the connections that wait in the backlog,
// reads what the kernel has received so far, hands it over, and closes everything.
// What is left of a stream is a message then. It returns when that is done and
// nothing is left: no descriptor, goroutine or thread.
//
// Messages that were handed over may still be pending in the output; what became
// of them is in Stats after the output was closed.
//
// When ctx ends first, everything is closed at once, and messages that were read
// but not handed over are rejected with CauseShutdown. If there may have been
// some, or more to read, the error wraps ctx's. Otherwise it is what Err returns.
// Shutdown may be called more than once; any of the contexts can end the waiting.
func (r *Receiver) Shutdown(ctx context.Context) error {
	r.begin()
	select {
	case <-r.done:
	default:
		select {
		case <-r.done:
		case <-ctx.Done():
			r.cutOnce.Do(func() { close(r.cut) })
			<-r.done
		}
	}
	if err := r.Err(); err != nil {
		return err
	}
	if r.short.Load() && ctx.Err() != nil {
		return fmt.Errorf("sigio: the receiver ended before everything was read: %w", context.Cause(ctx))
	}
	return nil
}

// begin begins the draining, once.
func (r *Receiver) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopping {
		return
	}
	r.stopping = true
	if !r.started {
		close(r.done)
		return
	}
	for _, w := range r.workers() {
		w.loop.Post(w.drain) // an error means that the loop has ended: see finish
	}
	go r.finish()
}

// finish waits for the end of the draining and closes what is left.
func (r *Receiver) finish() {
	drained := make(chan struct{})
	go func() {
		r.sources.Wait()
		close(drained)
	}()
	select {
	case <-drained:
	case <-r.cut:
		r.short.Store(true)
		for _, w := range r.workers() {
			if w.loop.Do(w.force) != nil {
				w.force() // the loop has ended: nobody else runs
			}
		}
		<-drained
	}
	for _, w := range r.workers() {
		w.loop.Close() // attend has its error
	}
	r.attending.Wait()
	close(r.done)
}

// Done returns a channel that is closed when the Receiver has ended: after
// Shutdown, or because a loop failed. Then Err says which.
func (r *Receiver) Done() <-chan struct{} { return r.done }

// Err returns why the Receiver ended by itself, for example a *sigio.PanicError of
// an Output; nil while it runs and after an orderly end.
func (r *Receiver) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}
