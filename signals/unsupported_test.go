//go:build !(linux && (amd64 || arm64))

package signals_test

import (
	"errors"
	"runtime"
	"syscall"
	"testing"

	"github.com/seed-067c1534/sigio/siginfo"
	"github.com/seed-067c1534/sigio/signals"
)

// Where there is no handler everything says so.
func TestUnsupported(t *testing.T) {
	_, reader := signals.NewReader(signals.Options{}, syscall.SIGTERM)
	_, timer := signals.NewTimer(syscall.SIGTERM, signals.Monotonic)
	notify := signals.Notify(make(chan siginfo.Info), syscall.SIGTERM)
	for _, err := range []error{reader, timer, notify} {
		if !errors.Is(err, errors.ErrUnsupported) || errors.Is(err, signals.ErrRefused) {
			t.Error(err)
		}
	}
	if runtime.GOOS == "linux" {
		return // which can reserve and send
	}
	if err := signals.Reserve(syscall.Signal(40)); err == nil {
		t.Error("Reserve succeeded")
	}
	if err := signals.Queue(1, syscall.SIGTERM, 0); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}
