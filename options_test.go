package sigio_test

import (
	"testing"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sigtest"
)

func TestOptionsThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, o := range []sigio.Options{
		{Signal: -1}, {Signal: 10}, {Signal: 34}, {Signal: 65}, {Batch: -1}, {Spin: -1},
	} {
		if l, err := sigio.StartLoop(sigtest.NewKernel(), o); err == nil {
			l.Close()
			t.Errorf("accepted %+v", o)
		}
	}
	if g, err := sigio.NewGroup(0, sigio.Options{}); err == nil {
		g.Close()
		t.Error("a group of no loops")
	}
}
