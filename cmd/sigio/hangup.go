package main

import (
	"os"
	"os/signal"
	"syscall"
)

// whenHungUp returns a channel that gets something at each SIGHUP, if that is wanted. Otherwise the
// signal ends the program, as a terminal that goes away expects it.
func whenHungUp(wanted bool) (hangup <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	if wanted {
		signal.Notify(c, syscall.SIGHUP)
	}
	return c, func() { signal.Stop(c) }
}
