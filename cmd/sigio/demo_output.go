package main

import (
	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/receiver"
)

// demoOutput shows messages one by one, or only counts them.
type demoOutput struct{ demo *demo }

// Append implements receiver.Output.
func (o *demoOutput) Append(m *message.Message, r receiver.Receipt) bool {
	if o.demo.showing.Load() {
		return o.demo.live.Append(m, r)
	}
	r.Delivered(1)
	return true
}

// Room implements receiver.Output. There is always room.
func (o *demoOutput) Room(f func()) { f() }
