package output_test

import (
	"context"
	"io"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/output"
)

type count struct{ delivered atomic.Int64 }

func (c *count) Delivered(n int)  { c.delivered.Add(int64(n)) }
func (c *count) Lost(int, string) {}

func sample() *message.Message {
	m := new(message.Message)
	m.Parse([]byte(`{"send_user":"user0042","send_time":"2026-11-22T21:14:00Z","send_msg":"seq=0000000000 ok"}`))
	return m
}

// The steady state costs no allocation, neither in Append nor in the pump.
func TestNoAllocations(t *testing.T) {
	o := output.NewWriter(io.Discard, output.Options{})
	defer o.Close(context.Background())
	m, r := sample(), new(count)
	a, b := new(count), new(count)
	rest := func() {
		for o.Stats().Pending > 0 {
			runtime.Gosched()
		}
	}
	round := func() {
		for range 2000 {
			fill(o, m, r)
			fill(o, m, a)
			fill(o, m, b)
		}
		rest()
	}
	round()
	round()
	if n := testing.AllocsPerRun(20, round); n > 3 { // of 6000 messages: a buffer may still grow
		t.Fatalf("%v allocations for 6000 messages", n)
	}
}

func fill(o *output.Writer, m *message.Message, r output.Receipt) {
	for !o.Append(m, r) {
		runtime.Gosched()
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, format := range []struct {
		name string
		f    func([]byte, *message.Message) []byte
	}{
		{"text", message.AppendText},
		{"json", message.AppendJSON},
		{"raw", message.AppendRaw},
		{"copy", line}, // what the Writer alone costs
	} {
		b.Run(format.name, func(b *testing.B) {
			o := output.NewWriter(io.Discard, output.Options{Format: format.f})
			m, r := sample(), new(count)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				fill(o, m, r)
				n++
			}
			if err := o.Close(context.Background()); err != nil || r.delivered.Load() != int64(n) {
				b.Fatalf("%v; %d of %d delivered", err, r.delivered.Load(), n)
			}
		})
	}
}

func BenchmarkAppendParallel(b *testing.B) {
	o := output.NewWriter(io.Discard, output.Options{})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		m, r := sample(), new(count)
		for pb.Next() {
			fill(o, m, r)
		}
	})
	if err := o.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
}
