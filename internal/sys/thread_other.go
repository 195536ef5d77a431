//go:build !(linux || darwin || freebsd)

package sys

// ThreadID is 0: no loop runs on this system.
func ThreadID() int { return 0 }
