package sigtest

import (
	"fmt"
	"runtime"
	"strconv"
	"testing"

	"github.com/seed-067c1534/sigio/internal/sys"
)

// Fill makes another process of the same user hold n queued signals, until stop
// is called or the test ends. The kernel counts them for the user (getrlimit(2),
// RLIMIT_SIGPENDING), so that a process with a limit of n or less can have none.
func Fill(t testing.TB, n int) (stop func()) { return Start(t, "fill", strconv.Itoa(n)) }

func fill(args []string, ready func()) error {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	_, hard, err := sys.SignalLimit()
	if err != nil {
		return err
	}
	if err := sys.SetSignalLimit(hard); err != nil {
		return err
	}
	runtime.LockOSThread()
	if err := sys.Block(sys.NewMask(Signo)); err != nil {
		return err
	}
	for i := range n {
		if err := sys.QueueThread(sys.ThreadID(), Signo, int32(i)); err != nil {
			return fmt.Errorf("after %d signals: %w", i, err)
		}
	}
	ready()
	WaitForEnd()
	return nil
}
