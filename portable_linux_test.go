package sigio_test

import (
	"testing"

	"github.com/seed-067c1534/sigio/internal/sigtest"
)

// The back end of other systems passes the same tests, where they are not about
// Linux. Each runs in a process of its own: SIGIO goes to the whole process, and
// the threads of other loops would take it.
func TestPortable(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"TestCloseUnderTraffic",
		"TestCloseWithAFullQueue",
		"TestChangeOfUser",
		"TestDescriptorsThatAreRefused",
		"TestEmptyDatagram",
		"TestGoexitInAHandlerLosesNothing",
		"TestHazard01DataBeforeWatch",
		"TestHazard02RaceWithArming",
		"TestHazard03QueueLimit",
		"TestHazard04QuotaUsedUpByAnother",
		"TestHazard05NumberReused",
		"TestHazard06CopyInAChild",
		"TestHazard07ThreadDies",
		"TestHazard07ThreadDiesInAFunction",
		"TestHazard09ChildrenInheritNoMask",
		"TestHazard10StopLeavesNothing",
		"TestHazard11PromiseOfRoomCancelled",
		"TestHazard12FullBeforeWatch",
		"TestHazard13ReceiverFilledByAnother",
		"TestHazard15TerminalHangsUp",
		"TestHazard18Ends",
		"TestHazard19Silenced",
		"TestOneProcessor",
		"TestPanicEndsTheLoopAndSaysWhere",
		"TestRestartsUnderTrafficLeaveNothing",
		"TestRoomInAPipe",
		"TestTimersInOrder",
		"TestUnsupportedFilesAreRefused",
		"TestWaitReadAndWaitWrite",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sigtest.Run(t, name, "SIGIO_TEST_PORTABLE=1")
		})
	}
}
