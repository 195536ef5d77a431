package sigio

// StartLoop starts a loop on a kernel of the test's making.
func StartLoop(k kernel, o Options) (*Loop, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	return startLoop(k, o)
}

// The bounds of what a loop does by time.
const (
	ForgedGap      = forgedGap
	QuickSweep     = quickSweep
	FirstWriteLook = firstWriteLook
	LastWriteLook  = lastWriteLook
)

// What makes a descriptor hot, and for how long.
const (
	HeatStreak = heatStreak
	HeatLimit  = heatLimit
	ShortSleep = shortSleep
)
