package spool

// Clean returns when the janitor has worked once more.
func (s *Spool) Clean() {
	for range 3 { // the third is taken after the first one's work, and there is room for one
		s.janitor <- struct{}{}
	}
}
