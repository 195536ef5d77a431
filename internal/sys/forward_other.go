//go:build !(linux && (amd64 || arm64))

package sys

import "errors"

// Action is what a process does about a signal.
type Action struct{ Handler uintptr }

// Default says whether there is no handler: the signal acts by default or is ignored.
func (a Action) Default() bool { return a.Handler <= 1 }

// SignalAction cannot be asked for here.
func SignalAction(int) (Action, error) { return Action{}, errors.ErrUnsupported }

// SetSignalAction cannot set it.
func SetSignalAction(int, Action) error { return errors.ErrUnsupported }

// ForwardLimit is how many forwarded signals can wait.
const ForwardLimit = 0

// Forward has no handler for this architecture or system.
func Forward(int) (Action, error) { return Action{}, errors.ErrUnsupported }

// Forwarding is false: there is no handler.
func Forwarding(int) bool { return false }

// Unforward has nothing to undo.
func Unforward(int, Action) error { return nil }

// Forwarded has nothing to take.
func Forwarded(*[128]byte) bool { return false }

// ForwardLost is 0: nothing is forwarded.
func ForwardLost(int) uint64 { return 0 }

// ForwardSleep does not wait.
func ForwardSleep(func() bool) error { return errors.ErrUnsupported }

// ForwardWake has nobody to wake.
func ForwardWake() {}
