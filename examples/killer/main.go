//go:build linux

// Killer is a daemon that says who ended it.
//
//	killer
//
// Its lesson: os/signal tells that SIGTERM came. Package signals tells from whom:
// a process and a user, and how it was sent.
package main

import (
	"fmt"
	"log"
	"os"
	"strings"
	"syscall"

	"github.com/seed-067c1534/sigio/siginfo"
	"github.com/seed-067c1534/sigio/signals"
)

func main() {
	log.SetFlags(0)
	if err := run(); err != nil {
		log.Fatal("killer: ", err)
	}
}

func run() error {
	c := make(chan siginfo.Info, 1)
	if err := signals.Notify(c, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP); err != nil {
		return err
	}
	defer signals.Stop(c)
	log.Printf("process %d waits to be ended", os.Getpid())
	fmt.Println(describe(<-c))
	return nil
}

func describe(info siginfo.Info) string {
	name := siginfo.SignalName(info.Signo)
	pid, uid, ok := info.Sender()
	switch {
	case !ok:
		return fmt.Sprintf("%s from the kernel, %s", name, info.Code.Name(info.Signo)) // Ctrl-C on a terminal
	case pid == 0:
		return fmt.Sprintf("%s from outside of this container, user %d", name, uid)
	}
	// A short-lived sender, such as the program kill, has ended by now.
	command, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		return fmt.Sprintf("%s from process %d of user %d, which has ended", name, pid, uid)
	}
	return fmt.Sprintf("%s from process %d of user %d, %s", name, pid, uid, strings.TrimSpace(string(command)))
}
