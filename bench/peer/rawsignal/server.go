// Package rawsignal is a loop on signals without any bookkeeping: it believes every
// signal, calls once for each, and ends the process when the queue overflows. What
// sigio's account, merging and promises cost is the difference to it.
package rawsignal

import (
	"errors"
	"runtime"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio/bench/peer"
	"github.com/seed-067c1534/sigio/bench/service"
	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

var Contestant = peer.Contestant{
	Name:    "signal",
	About:   "a raw loop on signals, without sigio's bookkeeping",
	Roles:   peer.LoopRoles,
	Serve:   serve,
	Package: "github.com/seed-067c1534/sigio/bench/peer/rawsignal",
}

const signo = 40

type loop struct {
	mask     *sys.Mask
	signalfd int
	tid      int
	records  []siginfo.Record
}

func newLoop() (*loop, error) {
	runtime.LockOSThread()
	l := &loop{mask: sys.NewMask(signo, int(syscall.SIGIO)), tid: sys.ThreadID(), records: make([]siginfo.Record, 256)}
	if err := sys.Block(l.mask); err != nil {
		return nil, err
	}
	var err error
	l.signalfd, err = sys.NewSignalfd(l.mask)
	return l, err
}

func (l *loop) arm(fd int) error {
	return errors.Join(sys.SetOwnerThread(fd, l.tid), sys.SetSignal(fd, signo), sys.SetAsync(fd, true))
}

// take returns the signals that are queued.
func (l *loop) take() []siginfo.Record {
	n, err := sys.ReadSignals(l.signalfd, l.records)
	if err != nil {
		service.Fatal(err)
	}
	return l.records[:n]
}

// wait returns at least one.
func (l *loop) wait() []siginfo.Record {
	for {
		if taken := l.take(); len(taken) > 0 {
			return taken
		}
		var native [siginfo.RecordSize]byte
		got, err := sys.Sleep(l.mask, -1, &native)
		if err != nil {
			service.Fatal(err)
		}
		if got {
			l.records[0] = siginfo.FromNative(&native)
			return l.records[:1]
		}
	}
}

func serve(c peer.Config) error {
	if err := c.Options.Check(); err != nil {
		return err
	}
	l, err := newLoop()
	if err != nil {
		return err
	}
	switch c.Role {
	case peer.Dispatch:
		return l.dispatch()
	case peer.EchoTCP, peer.SinkTCP:
		return l.serveStreams(c)
	default:
		return l.serveDatagrams(c)
	}
}

// streams are connections by their descriptor's number.
type streams struct {
	*loop
	turn     *service.Turn
	listener int
	open     []*service.Stream
}

func (l *loop) serveStreams(c peer.Config) error {
	s := &streams{loop: l, open: make([]*service.Stream, 1<<16)}
	var err error
	if s.listener, err = service.Listen(c); err != nil {
		return err
	}
	if s.turn, err = service.NewTurn(c); err != nil {
		return err
	}
	if err := l.arm(s.listener); err != nil {
		return err
	}
	s.accept()
	for {
		taken := l.wait()
		for i := range taken {
			r := &taken[i]
			if r.Signo() != signo {
				return errors.New("the queue of signals is full, which this loop cannot survive; other processes of the user share its limit")
			}
			if fd := r.FD(); fd == s.listener {
				s.accept()
			} else if c := s.open[fd]; c != nil {
				s.read(fd, c)
			}
		}
	}
}

func (s *streams) accept() {
	for {
		fd := service.Accept(s.listener)
		if fd < 0 {
			return
		}
		c := new(service.Stream)
		if s.turn.Begin(fd, c) == service.Over {
			service.Close(fd)
			continue
		}
		if err := s.arm(fd); err != nil {
			service.Fatal(err)
		}
		s.open[fd] = c
		if s.turn.Begin(fd, c) == service.Over { // what came before it was armed
			s.close(fd)
		}
	}
}

// read serves one signal. Whatever comes behind what is read now has a signal too.
func (s *streams) read(fd int, c *service.Stream) {
	for {
		switch s.turn.Read(fd, c) {
		case service.Over:
			s.close(fd)
			return
		case service.Empty, service.Short:
			return
		}
	}
}

func (s *streams) close(fd int) {
	s.open[fd] = nil
	service.Close(fd)
}

func (l *loop) serveDatagrams(c peer.Config) error {
	fd, err := service.Listen(c)
	if err != nil {
		return err
	}
	batch, err := service.NewBatch(c)
	if err != nil {
		return err
	}
	if err := l.arm(fd); err != nil {
		return err
	}
	for {
		for batch.Read(fd) == service.Full {
		}
		l.wait()
	}
}

// dispatch is the least that handing out a batch of signals can take in Go: one
// system call, and a look at each record.
func (l *loop) dispatch() error {
	d, err := service.NewDispatch()
	if err != nil {
		return err
	}
	for _, fd := range d.Descriptors() {
		if err := l.arm(fd); err != nil {
			return err
		}
	}
	calls := make([]int, 1<<16)
	received := uint64(0)
	for d.Next() {
		n := 0
		start := time.Now()
		for n < service.DispatchBatch {
			taken := l.take()
			for i := range taken {
				calls[taken[i].FD()]++
			}
			n += len(taken)
		}
		d.Took(time.Since(start))
		received += uint64(n)
	}
	d.Print(received)
	return nil
}
