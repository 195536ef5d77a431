package sigtest

import (
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-067c1534/sigio/internal/sys"
)

func TestMain(m *testing.M) { Main(m, nil) }

// Each leak is made on purpose and must be named.
func TestLeaksAreFound(t *testing.T) {
	stop := make(chan struct{})
	for _, test := range []struct {
		name, want string
		leak       func() (undo func())
	}{
		{"descriptor", "pipe:[", func() func() {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			return func() { r.Close(); w.Close() }
		}},
		{"goroutine", "TestLeaksAreFound", func() func() {
			go func() { <-stop }()
			return func() { close(stop) }
		}},
		{"masked thread", "blocks signals 0x8010000000", func() func() {
			stop, masked := make(chan struct{}), make(chan error)
			go maskThread(masked, stop)
			if err := <-masked; err != nil {
				t.Fatal(err)
			}
			return func() { close(stop) }
		}},
	} {
		before, err := NewBaseline()
		if err != nil {
			t.Fatal(err)
		}
		undo := test.leak()
		err = before.leaks()
		undo()
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: found %v", test.name, err)
		}
		if err := before.Leaks(); err != nil {
			t.Errorf("%s, afterwards: %v", test.name, err)
		}
	}
}

// maskThread blocks signals on its thread, which ends with the goroutine since it
// is never unlocked; unless it is the main thread, which would stay.
func maskThread(masked chan<- error, stop <-chan struct{}) {
	runtime.LockOSThread()
	if sys.OnMainThread() {
		elsewhere := make(chan error)
		go maskThread(elsewhere, stop)
		masked <- <-elsewhere
		runtime.UnlockOSThread()
		return
	}
	masked <- sys.Block(sys.NewMask(Signo, int(syscall.SIGIO)))
	<-stop
}
