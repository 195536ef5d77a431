//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// whenAsked returns a channel that gets something at each SIGUSR1.
func whenAsked() (asked <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1) // several at once are one question
	signal.Notify(c, syscall.SIGUSR1)
	return c, func() { signal.Stop(c) }
}
