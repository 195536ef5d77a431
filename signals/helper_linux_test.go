package signals_test

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/siginfo"
	"github.com/seed-067c1534/sigio/signals"
)

// reservedVar marks a process all of whose threads block a signal.
const reservedVar = "SIGIO_TEST_RESERVED"

func TestMain(m *testing.M) {
	if os.Getenv(reservedVar) != "" && os.Getenv("SIGIO_TEST_HELPER") == "" {
		os.Exit(m.Run()) // what it would find to be left behind are the blocked signals
	}
	sigtest.Main(m, map[string]sigtest.Helper{"send": sendHelper})
}

// sendHelper queues the values 0 to n-1 for its parent, as fast as they are taken.
func sendHelper(args []string, ready func()) error {
	signo, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	ready()
	for i := range n {
		for {
			err := signals.Queue(os.Getppid(), syscall.Signal(signo), int32(i))
			if err == nil {
				break
			}
			if !errors.Is(err, syscall.EAGAIN) {
				return fmt.Errorf("value %d: %w", i, err)
			}
			time.Sleep(50 * time.Microsecond) // the queue is full
		}
	}
	sigtest.WaitForEnd()
	return nil
}

// soak says whether the tests of minutes run in full.
var soak = os.Getenv("SIGIO_SOAK") != ""

func newReader(t testing.TB, o signals.Options, sig ...os.Signal) *signals.Reader {
	t.Helper()
	r, err := signals.NewReader(o, sig...)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("this architecture has no handler")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// next waits for a signal.
func next(t testing.TB, r *signals.Reader) siginfo.Info {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), sigtest.Fatal)
	defer cancel()
	info, err := r.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// threadsBlocking counts the threads that block a signal, but for those of the Go
// runtime that block most.
func threadsBlocking(t testing.TB, signo int) (n int) {
	t.Helper()
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		set, err := sigtest.SignalSet("/proc/self/task/"+thread.Name()+"/status", "SigBlk")
		if err == nil && set>>(signo-1)&1 == 1 && bits.OnesCount64(set) < 32 {
			n++
		}
	}
	return n
}
