//go:build !unix

package main

import "os"

// whenAsked returns a channel that stays silent: there is no SIGUSR1.
func whenAsked() (asked <-chan os.Signal, stop func()) { return nil, func() {} }
