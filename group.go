package sigio

import (
	"errors"
	"fmt"
)

// Group is several loops that share nothing, so that a program can use several
// processors: give each its own listening socket with SO_REUSEPORT (socket(7)),
// and the kernel spreads the connections among them.
type Group struct{ loops []*Loop }

// NewGroup starts n loops with the same options.
func NewGroup(n int, o Options) (*Group, error) {
	if n < 1 {
		return nil, fmt.Errorf("sigio: a group of %d loops: want 1 or more", n)
	}
	g := new(Group)
	for range n {
		l, err := NewLoop(o)
		if err != nil {
			g.Close()
			return nil, err
		}
		g.loops = append(g.loops, l)
	}
	return g, nil
}

// Loops returns the loops. The slice is the group's own.
func (g *Group) Loops() []*Loop { return g.loops }

// Stats returns the sum of the loops' accounts. Each is exact; they are read one
// after the other.
func (g *Group) Stats() Stats {
	var sum Stats
	for _, l := range g.loops {
		sum.Add(l.Stats())
	}
	return sum
}

// Close closes every loop, as Loop.Close does, and joins their errors.
func (g *Group) Close() error {
	var errs []error
	for _, l := range g.loops {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}
