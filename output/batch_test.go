package output

import "testing"

type nobody struct{ _ int }

func (*nobody) Delivered(int)    {}
func (*nobody) Lost(int, string) {}

// An outsized message, and a source that is gone, must not be held in memory for ever.
func TestResetLetsGo(t *testing.T) {
	var b batch
	b.data = make([]byte, 1000)
	b.add(new(nobody))
	b.reset(1000)
	if cap(b.data) != 1000 {
		t.Error("a buffer of the usual size was thrown away")
	}
	b.data = make([]byte, 1001)
	b.add(new(nobody))
	b.add(new(nobody))
	b.reset(1000)
	if cap(b.data) != 0 {
		t.Error("an outsized buffer was kept")
	}
	for _, r := range b.runs[:cap(b.runs)] {
		if r.receipt != nil {
			t.Error("a receipt was kept")
		}
	}
	if b.unsettled() != 0 || b.unwritten() != 0 || b.torn() {
		t.Errorf("not empty: %+v", b)
	}
}
