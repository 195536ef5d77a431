//go:build linux && (amd64 || arm64)

package signals_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio/siginfo"
	"github.com/seed-067c1534/sigio/signals"
)

// Who sent SIGTERM?
func ExampleNotify() {
	c := make(chan siginfo.Info, 1)
	if err := signals.Notify(c, syscall.SIGTERM); err != nil {
		fmt.Println(err)
		return
	}
	defer signals.Stop(c)

	syscall.Kill(os.Getpid(), syscall.SIGTERM) // as a service manager does

	info := <-c
	pid, uid, _ := info.Sender()
	fmt.Println(siginfo.SignalName(info.Signo), info.Code.Name(info.Signo), pid == os.Getpid(), uid == os.Getuid())
	// Output: SIGTERM SI_USER true true
}

func ExampleStop() {
	c := make(chan siginfo.Info, 1)
	if err := signals.Notify(c, syscall.SIGUSR1); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("missed:", signals.Stop(c))
	// Output: missed: 0
}

func ExampleLost() {
	c := make(chan siginfo.Info, 1)
	all, err := signals.NewReader(signals.Options{}, syscall.Signal(41))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer all.Close()
	if err := signals.Notify(c, syscall.Signal(41)); err != nil {
		fmt.Println(err)
		return
	}
	defer signals.Stop(c)
	for i := range int32(3) {
		signals.Queue(os.Getpid(), syscall.Signal(41), i)
	}
	for range 3 {
		all.Next(context.Background())
	}
	// Each signal goes to all receivers in one step, so c has had them too.
	fmt.Println("room for one, missed", signals.Lost(c))
	// Output: room for one, missed 2
}

func ExampleReader() {
	r, err := signals.NewReader(signals.Options{}, syscall.Signal(42))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for i := range int32(3) {
		signals.Queue(os.Getpid(), syscall.Signal(42), 10*i)
		info, err := r.Next(ctx)
		value, _, _ := info.Value()
		fmt.Println(value, err)
	}
	// Output:
	// 0 <nil>
	// 10 <nil>
	// 20 <nil>
}

// A loss is reported where it happened, and the reader goes on.
func ExampleReader_All() {
	r, err := signals.NewReader(signals.Options{Queue: 2}, syscall.Signal(43))
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 5 {
		signals.Queue(os.Getpid(), syscall.Signal(43), 7)
	}
	for r.Lost() < 3 {
		time.Sleep(time.Millisecond) // until all have come
	}
	r.Close() // what waits in the queue stays
	for info, err := range r.All(context.Background()) {
		var lost *signals.LostError
		if errors.As(err, &lost) {
			fmt.Println(lost)
			continue
		}
		value, _, _ := info.Value()
		fmt.Println("value", value)
	}
	// Output:
	// signals: 3 signals were lost
	// value 7
	// value 7
}

func ExampleCheck() {
	for _, sig := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGKILL, 33} {
		fmt.Println(signals.Check(sig))
	}
	// Output:
	// <nil>
	// signals: SIGKILL: no process can receive it: the signal cannot be received
	// signals: SIG33: the C library needs it for its threads: the signal cannot be received
}

func ExampleQueue() {
	err := signals.Queue(1<<30, syscall.SIGUSR1, 0) // no process has that number
	fmt.Println(errors.Is(err, syscall.ESRCH))
	// Output: true
}

func ExampleQueueProcess() {
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		fmt.Println(err)
		return
	}
	err := signals.QueueProcess(child.Process, syscall.SIGTERM, 1)
	fmt.Println(err, child.Wait())
	err = signals.QueueProcess(child.Process, syscall.SIGTERM, 1)
	fmt.Println(errors.Is(err, os.ErrProcessDone))
	// Output:
	// <nil> signal: terminated
	// true
}

func ExampleQueueThread() {
	c := make(chan siginfo.Info, 1)
	if err := signals.Notify(c, syscall.SIGUSR2); err != nil {
		fmt.Println(err)
		return
	}
	defer signals.Stop(c)
	first := os.Getpid() // a process has the number of its first thread
	err := signals.QueueThread(os.Getpid(), first, syscall.SIGUSR2, 5)
	value, _, _ := (<-c).Value()
	fmt.Println(value, err)
	// Output: 5 <nil>
}

func ExampleTimer() {
	timer, err := signals.NewTimer(syscall.Signal(44), signals.Monotonic)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer timer.Close()
	c := make(chan siginfo.Info, 16)
	if err := signals.Notify(c, syscall.Signal(44)); err != nil {
		fmt.Println(err)
		return
	}
	defer signals.Stop(c)
	if err := timer.Set(time.Millisecond, time.Millisecond); err != nil {
		fmt.Println(err)
		return
	}
	for expirations := 0; expirations < 5; {
		info := <-c
		_, overrun, _ := info.Timer()
		expirations += 1 + overrun
	}
	timer.Stop()
	fmt.Println(timer.Ticks().Expirations() >= 5)
	// Output: true
}
