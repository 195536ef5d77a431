package lease

// FD returns the descriptor that the lease's signals name.
func (l *Lease) FD() int { return l.fd }
