//go:build !linux

package signals

// kept is empty: nothing can be received anyway.
var kept map[int]string

const urgentSignal = 0

func quiet(int) bool { return false }
