package sigio_test

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// pusher is a handler that waits for room, and then writes once.
type pusher struct {
	armed atomic.Bool // whether it is to write
	calls atomic.Int64
	wrote chan bool
}

func newPusher() *pusher { return &pusher{wrote: make(chan bool, 1)} }

func (p *pusher) Ready(w *sigio.Watch, ev sigio.Event) sigio.Result {
	p.calls.Add(1)
	if ev.Band&siginfo.Out == 0 || !p.armed.Load() {
		return sigio.Drained
	}
	_, err := sys.Send(w.FD(), []byte("x"))
	if err == syscall.EAGAIN {
		w.WantWrite()
		return sigio.Drained
	}
	if p.armed.CompareAndSwap(true, false) {
		p.wrote <- err == nil
	}
	return sigio.Drained
}

// awaitRoom reads what is there until the pusher has written.
func (p *pusher) awaitRoom(t *testing.T, peer int) {
	t.Helper()
	block := make([]byte, 64<<10)
	sigtest.Until(t, "room to write", func() bool {
		for n := 1; n > 0; {
			n, _ = sys.Recv(peer, block)
		}
		return len(p.wrote) > 0
	})
	if !<-p.wrote {
		t.Error("the write failed")
	}
}

// smallTCPPair returns two connected sockets with small buffers.
func smallTCPPair(t *testing.T) (a, b int) {
	t.Helper()
	a, b = tcpPair(t, sys.TCP)
	if _, err := sys.SetSendBuffer(a, 64<<10); err != nil {
		t.Fatal(err)
	}
	if _, err := sys.SetReceiveBuffer(b, 16<<10); err != nil {
		t.Fatal(err)
	}
	return a, b
}

// TCP promises a signal after a write that failed, and takes the promise back when
// a later write succeeds before there is much room.
//
// Without the repeated looks of writeLook nobody was told that there was room.
func TestHazard11PromiseOfRoomCancelled(t *testing.T) {
	t.Parallel()
	for i := range 5 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			l := newLoop(t, sigio.Options{Verify: -1})
			a, b := smallTCPPair(t)
			p := newPusher()
			w := watch(t, l, a, p)
			fill(t, a)
			w.WantWrite()
			settle(t, l)
			cancelled := false
			block := make([]byte, 1024)
			for p.armed.Store(true); !cancelled && p.armed.Load(); { // another goroutine's small write
				sys.Recv(b, block)
				_, err := sys.Send(a, block[:1])
				cancelled = err == nil
			}
			p.awaitRoom(t, b)
		})
	}
}

// What was full before it was watched owes nobody a signal. A look with poll(2)
// makes TCP owe one, but not a Unix stream socket.
//
// Without the repeated looks of writeLook nobody was told of the Unix socket's room.
func TestHazard12FullBeforeWatch(t *testing.T) {
	t.Parallel()
	for name, pair := range map[string]func(*testing.T) (a, b int){
		"tcp":  smallTCPPair,
		"unix": func(t *testing.T) (a, b int) { return pair(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLoop(t, sigio.Options{Verify: -1})
			a, b := pair(t)
			fill(t, a)
			p := newPusher()
			p.armed.Store(true)
			w := watch(t, l, a, p)
			w.WantWrite()
			settle(t, l)
			if !p.armed.Load() {
				t.Fatal("it was not full")
			}
			p.awaitRoom(t, b)
		})
	}
}

// A Unix datagram socket whose receiver was filled by somebody else is never told
// that there is room.
//
// Without the repeated looks of writeLook it was not.
func TestHazard13ReceiverFilledByAnother(t *testing.T) {
	t.Parallel()
	l := newLoop(t, sigio.Options{Verify: -1})
	receiver, client, other := datagramStar(t)
	fill(t, other)
	p := newPusher()
	p.armed.Store(true)
	w := watch(t, l, client, p)
	w.WantWrite()
	settle(t, l)
	if !p.armed.Load() {
		t.Fatal("it was not full")
	}
	p.awaitRoom(t, receiver)
}

// datagramStar returns a Unix datagram socket and two that are connected to it.
func datagramStar(t *testing.T) (receiver, client, other int) {
	t.Helper()
	name := fmt.Sprintf("@sigio-%s-%p", t.Name(), t)
	receiver, err := sys.ListenUnix(sys.UnixDatagram, name, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sys.Close(receiver) })
	clients := make([]int, 2)
	for i := range clients {
		if clients[i], err = sys.Socket(sys.UnixDatagram, false); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { sys.Close(clients[i]) })
		if err := sys.ConnectUnix(clients[i], name); err != nil {
			t.Fatal(err)
		}
	}
	return receiver, clients[0], clients[1]
}

// A pipe signals room when anything was read, although there may be none.
func TestRoomInAPipe(t *testing.T) {
	t.Parallel()
	l := newLoop(t, sigio.Options{Verify: -1})
	r, w := pipe(t)
	fill(t, w)
	var wrote atomic.Int64
	watcher := watch(t, l, w, sigio.HandlerFunc(func(w *sigio.Watch, ev sigio.Event) sigio.Result {
		if ev.Band&siginfo.Out != 0 {
			if n, err := sys.Write(w.FD(), make([]byte, 4096)); err == nil {
				wrote.Add(int64(n))
			} else {
				w.WantWrite()
			}
		}
		return sigio.Drained
	}))
	watcher.WantWrite()
	sys.Read(r, make([]byte, 100))
	settle(t, l)
	if wrote.Load() > 0 {
		t.Error("it was not full")
	}
	sigtest.Until(t, "room", func() bool {
		sys.Read(r, make([]byte, 4096))
		return wrote.Load() > 0
	})
}
