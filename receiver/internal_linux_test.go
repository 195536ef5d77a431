package receiver

import (
	"testing"
	"unsafe"
)

// Ten thousand connections should cost a few megabytes.
func TestConnectionIsSmall(t *testing.T) {
	t.Parallel()
	const watch = 56 // a sigio.Watch
	if size := unsafe.Sizeof(conn{}) + watch; size > 320 {
		t.Errorf("a connection takes %d bytes", size)
	} else {
		t.Logf("a connection takes %d bytes", size)
	}
}
