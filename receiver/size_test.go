package receiver

import (
	"testing"
	"unsafe"
)

// There is one in each connection: one byte more than 192, and the allocator takes 208.
func TestConnectionSize(t *testing.T) {
	t.Parallel()
	if n := unsafe.Sizeof(conn{}); unsafe.Sizeof(uintptr(0)) == 8 && n > 192 {
		t.Errorf("a connection has %d bytes, want 192 at most", n)
	}
}
