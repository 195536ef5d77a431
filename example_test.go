//go:build linux

package sigio_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os/exec"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio"
	"golang.org/x/sys/unix"
)

// A loop lives from NewLoop to Close. Everything that it watches is armed in
// between, and disarmed by Close; the descriptors themselves are the caller's.
func ExampleNewLoop() {
	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		log.Fatal(err)
	}
	loop.Post(func() { fmt.Println("on the loop's thread:", loop.OnLoop()) })
	if err := loop.Close(); err != nil { // after what was posted
		log.Fatal(err)
	}
	fmt.Println("here:", loop.OnLoop())
	// Output:
	// on the loop's thread: true
	// here: false
}

// A handler reads until EAGAIN, because one signal may stand for many events. An
// end of file is what a read says, not what a signal says.
func ExampleLoop_Watch() {
	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer loop.Close()

	pipe := make([]int, 2)
	if err := unix.Pipe2(pipe, unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		log.Fatal(err)
	}
	defer unix.Close(pipe[0])
	unix.Write(pipe[1], []byte("hello, ")) // before anybody watches: not lost

	var received []byte
	ended := make(chan struct{})
	w, err := loop.Watch(pipe[0], sigio.HandlerFunc(func(w *sigio.Watch, ev sigio.Event) sigio.Result {
		buffer := make([]byte, 512)
		for range 16 {
			n, err := unix.Read(w.FD(), buffer)
			switch {
			case err == unix.EAGAIN:
				return sigio.Drained // until the next signal
			case err != nil || n == 0:
				w.Close()
				close(ended)
				return sigio.Drained
			}
			received = append(received, buffer[:n]...)
		}
		return sigio.More // let others run first
	}))
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()

	unix.Write(pipe[1], []byte("world"))
	unix.Close(pipe[1])
	<-ended
	fmt.Printf("%s\n", received)
	// Output: hello, world
}

// What handlers use belongs to the loop's thread and needs no lock. Others get
// there by Post, which does not wait.
func ExampleLoop_Post() {
	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for i := range 3 {
		if err := loop.Post(func() { fmt.Println("job", i) }); err != nil {
			log.Fatal(err)
		}
	}
	loop.Close() // what was posted is still run
	// Output:
	// job 0
	// job 1
	// job 2
}

// Do is Post that waits: the way to look at what belongs to the loop's thread.
func ExampleLoop_Do() {
	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer loop.Close()

	connections := map[int]string{} // used on the loop only
	loop.Post(func() { connections[7] = "ada" })

	var n int
	if err := loop.Do(func() { n = len(connections) }); err != nil {
		log.Fatal(err)
	}
	fmt.Println("connections:", n)
	// Output: connections: 1
}

// A handler must neither block nor start processes. It hands such work to Go, and
// the work hands its result back with Post.
func ExampleLoop_Go() {
	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer loop.Close()

	done := make(chan struct{})
	loop.Post(func() { // or in a handler
		loop.Go(func() {
			out, err := exec.Command("echo", "hello").Output()
			loop.Post(func() {
				defer close(done)
				if err != nil {
					fmt.Println(err)
					return
				}
				fmt.Printf("on the loop: %v, the process said: %s", loop.OnLoop(), out)
			})
		})
	})
	<-done
	// Output: on the loop: true, the process said: hello
}

// A timer's function runs on the loop's thread, like a handler.
func ExampleLoop_AfterFunc() {
	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer loop.Close()

	done := make(chan struct{})
	loop.AfterFunc(20*time.Millisecond, func() { close(done) })
	forgotten := loop.AfterFunc(time.Hour, func() { fmt.Println("never") })

	ticks := 0
	var ticker *sigio.Timer
	loop.Do(func() { // so that ticker is set before its function runs
		ticker = loop.AfterFunc(time.Millisecond, func() {
			if ticks++; ticks < 3 {
				ticker.Reset(time.Millisecond) // again
			}
			fmt.Println("tick")
		})
	})
	<-done
	fmt.Println("stopped:", forgotten.Stop())
	// Output:
	// tick
	// tick
	// tick
	// stopped: true
}

// Without callbacks: a goroutine tries to read, and sleeps until the descriptor's
// signal comes if there is nothing.
func ExampleWatch_WaitRead() {
	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer loop.Close()

	pipe := make([]int, 2)
	if err := unix.Pipe2(pipe, unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		log.Fatal(err)
	}
	defer unix.Close(pipe[0])
	w, err := loop.Watch(pipe[0], nil) // no handler
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()

	go func() {
		defer unix.Close(pipe[1])
		unix.Write(pipe[1], []byte("hello"))
	}()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	read := func(p []byte) (int, error) {
		for {
			n, err := unix.Read(w.FD(), p)
			switch {
			case err == unix.EAGAIN:
				if err := w.WaitRead(ctx); err != nil {
					return 0, err
				}
			case err == nil && n == 0:
				return 0, io.EOF
			default:
				return n, err
			}
		}
	}
	buffer := make([]byte, 512)
	for {
		n, err := read(buffer)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s\n", buffer[:n])
	}
	// Output:
	// hello
	// EOF
}

// A sender writes until EAGAIN, says that it wants to go on, and is called when
// there is room.
func ExampleWatch_WantWrite() {
	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer loop.Close()

	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		log.Fatal(err)
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])

	rest := make([]byte, 10<<20) // much more than the kernel takes at once
	sender, err := loop.Watch(pair[0], sigio.HandlerFunc(func(w *sigio.Watch, _ sigio.Event) sigio.Result {
		for len(rest) > 0 {
			n, err := unix.Write(w.FD(), rest)
			if err == unix.EAGAIN {
				w.WantWrite()
				return sigio.Drained
			}
			if err != nil {
				log.Print(err)
				return sigio.Drained
			}
			rest = rest[n:]
		}
		return sigio.Drained
	}))
	if err != nil {
		log.Fatal(err)
	}
	defer sender.Close()

	received := 0
	all := make(chan struct{})
	buffer := make([]byte, 64<<10)
	receiver, err := loop.Watch(pair[1], sigio.HandlerFunc(func(w *sigio.Watch, _ sigio.Event) sigio.Result {
		n, err := unix.Read(w.FD(), buffer)
		if err != nil {
			return sigio.Drained
		}
		if received += n; received == 10<<20 {
			close(all)
		}
		return sigio.More
	}))
	if err != nil {
		log.Fatal(err)
	}
	defer receiver.Close()

	sender.Again() // nothing happens by itself: the first call
	<-all
	fmt.Println(received>>20, "MiB")
	// Output: 10 MiB
}

// Each loop of a group has a socket of its own on one and the same port, and the
// kernel spreads the senders among them.
func ExampleNewGroup() {
	group, err := sigio.NewGroup(2, sigio.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer group.Close()

	datagrams := make(chan string, 100)
	read := func(w *sigio.Watch, _ sigio.Event) sigio.Result {
		buffer := make([]byte, 512)
		for {
			n, _, err := unix.Recvfrom(w.FD(), buffer, 0)
			if err != nil {
				return sigio.Drained
			}
			datagrams <- string(buffer[:n])
		}
	}
	shared := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
		c.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		})
		return err
	}}
	address := "127.0.0.1:0"
	for _, loop := range group.Loops() {
		socket, err := shared.ListenPacket(context.Background(), "udp", address)
		if err != nil {
			log.Fatal(err)
		}
		defer socket.Close()
		address = socket.LocalAddr().String() // the next loop's as well

		raw, err := socket.(*net.UDPConn).SyscallConn()
		if err != nil {
			log.Fatal(err)
		}
		var w *sigio.Watch
		raw.Control(func(fd uintptr) { w, err = loop.Watch(int(fd), sigio.HandlerFunc(read)) })
		if err != nil {
			log.Fatal(err)
		}
		defer w.Close()
	}

	for range 20 {
		sender, err := net.Dial("udp", address)
		if err != nil {
			log.Fatal(err)
		}
		io.WriteString(sender, "hello")
		sender.Close()
	}
	for range 20 {
		<-datagrams
	}
	fmt.Println("20 datagrams,", group.Stats().Watches, "sockets")
	// Output: 20 datagrams, 2 sockets
}

// Three events of one descriptor in one batch are one call of its handler.
func ExampleLoop_Stats() {
	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		log.Fatal(err)
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		log.Fatal(err)
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])

	called := make(chan sigio.Event)
	_, err = loop.Watch(pair[0], sigio.HandlerFunc(func(w *sigio.Watch, ev sigio.Event) sigio.Result {
		unix.Read(w.FD(), make([]byte, 512))
		called <- ev
		return sigio.Drained
	}))
	if err != nil {
		log.Fatal(err)
	}
	loop.Do(func() { // while the loop is busy with this, signals queue
		for range 3 {
			unix.Write(pair[1], []byte("x"))
		}
	})
	ev := <-called
	fmt.Println("one event, signals:", ev.Signals, "band:", ev.Band)
	loop.Close()

	s := loop.Stats()
	fmt.Println("delivered:", s.Delivered, "merged:", s.Merged, "lost:", s.Overflows)
	fmt.Println("balance:", s.Received == s.Delivered+s.Merged+s.Stale+s.Foreign+s.Wakeups+s.Overflows)
	// Output:
	// one event, signals: 3 band: IN|RDNORM
	// delivered: 1 merged: 2 lost: 0
	// balance: true
}
