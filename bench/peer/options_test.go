package peer

import (
	"testing"
	"time"
)

func TestOptions(t *testing.T) {
	name, o, err := Parse("sigio:spin=50us:Batch=64:portable=true")
	if err != nil || name != "sigio" {
		t.Fatal(name, err)
	}
	if d := o.Duration("spin", 0); d != 50*time.Microsecond {
		t.Errorf("spin is %v", d)
	}
	if n := o.Int("batch", 0); n != 64 {
		t.Errorf("batch is %d", n)
	}
	if err := o.Check(); err == nil {
		t.Error("an option that nobody has asked for is not refused")
	}
	if !o.Bool("portable", false) {
		t.Error("portable is false")
	}
	if n := o.Int("other", 7); n != 7 {
		t.Errorf("other is %d", n)
	}
	if err := o.Check(); err != nil {
		t.Error(err)
	}
}

func TestOptionsThatAreNone(t *testing.T) {
	for _, spec := range []string{"net:", "net:spin", "net:=5"} {
		if _, _, err := Parse(spec); err == nil {
			t.Errorf("%q is taken", spec)
		}
	}
	_, o, _ := Parse("net:n=x")
	o.Int("n", 0)
	if o.Check() == nil {
		t.Error("x is taken for a number")
	}
}
