//go:build linux

// Queuejob works on numbers that other processes queue for it, in order.
//
//	queuejob              waits for numbers and adds them up, until 0
//	queuejob PID N...     queues numbers for it
//
// Its lesson: a real-time signal carries a number, queues, and needs no file, socket
// or port. Reserve keeps the order; without it two of the job's threads could take
// one signal each and swap them.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio/signals"
)

const job = syscall.Signal(40)

func main() {
	log.SetFlags(0)
	var err error
	if len(os.Args) > 1 {
		err = send(os.Args[1], os.Args[2:])
	} else {
		err = work()
	}
	if err != nil {
		log.Fatal("queuejob: ", err)
	}
}

func work() error {
	if err := signals.Reserve(job); err != nil { // starts the program again
		return err
	}
	r, err := signals.NewReader(signals.Options{}, job)
	if err != nil {
		return err
	}
	defer r.Close()
	log.Printf("process %d takes numbers", os.Getpid())
	sum := 0
	for info, err := range r.All(context.Background()) {
		if err != nil {
			return err // some were lost, so the sum would be wrong
		}
		value, _, ok := info.Value()
		if !ok {
			continue // somebody used kill, which sends no number
		}
		if value == 0 {
			break
		}
		sum += value
		pid, _, _ := info.Sender()
		fmt.Printf("%d from process %d, sum %d\n", value, pid, sum)
	}
	return nil
}

func send(to string, numbers []string) error {
	pid, err := strconv.Atoi(to)
	if err != nil {
		return err
	}
	for _, text := range numbers {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return err
		}
		for {
			err = signals.Queue(pid, job, int32(n))
			if !errors.Is(err, syscall.EAGAIN) {
				break
			}
			time.Sleep(time.Millisecond) // as many wait as may
		}
		if err != nil {
			return err
		}
	}
	return nil
}
