package signals

// Hold keeps the hub from taking signals out of the ring until release is called.
func Hold() (release func()) {
	process.mu.Lock()
	return process.mu.Unlock
}
