package signals

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/seed-067c1534/sigio/siginfo"
)

// ErrRefused is what the errors are that say why a signal cannot be received.
var ErrRefused = errors.New("the signal cannot be received")

// Check returns nil if a signal can be received, or an error that says why not
// and is [ErrRefused]. That a thread blocks it for itself, or that there is no handler
// for this system, is found by Notify and its kin only. Check does not wait. It may be
// called from any goroutine.
func Check(sig os.Signal) error {
	_, err := number(sig)
	return err
}

// number returns the number of a signal that may be received.
func number(sig os.Signal) (int, error) {
	s, ok := sig.(syscall.Signal)
	if !ok {
		return 0, fmt.Errorf("signals: %v is not a syscall.Signal: %w", sig, ErrRefused)
	}
	if why := reason(int(s)); why != "" {
		return 0, fmt.Errorf("signals: %s: %s: %w", siginfo.SignalName(int(s)), why, ErrRefused)
	}
	return int(s), nil
}

// numbers is number for a list. The list may not be empty: unlike os/signal this
// package takes nothing that was not asked for by name.
func numbers(sigs []os.Signal) ([]int, error) {
	if len(sigs) == 0 {
		return nil, fmt.Errorf("signals: name the signals: %w", ErrRefused)
	}
	var list []int
	seen := map[int]bool{}
	for _, sig := range sigs {
		n, err := number(sig)
		if err != nil {
			return nil, err
		}
		if !seen[n] {
			seen[n] = true
			list = append(list, n)
		}
	}
	return list, nil
}

// firstRealTime is the first number that neither the kernel nor the C libraries
// use: glibc keeps 32 and 33 for its threads, musl 34 as well.
const firstRealTime, lastSignal = 35, 64

// reason says why a signal cannot be received, or nothing.
func reason(signo int) string {
	switch {
	case signo < 1 || signo > lastSignal:
		return "there is no such signal"
	case signo >= 32 && signo < firstRealTime:
		return "the C library needs it for its threads"
	}
	return kept[signo]
}
