package web

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/message"
)

func arrived(at time.Time, text string) *message.Message {
	m := &message.Message{Transport: "udp", ReceivedAt: at}
	m.Parse([]byte(text))
	return m
}

// What goes through a tap is told to who gave it, whether it is measured or not.
func TestTapTellsOutcomes(t *testing.T) {
	t.Parallel()
	s, _ := newServer(t, Config{})
	next := &taker{}
	out, r := s.Tap(next), &receipt{}
	now := time.Now()
	for i := range 10 {
		if !out.Append(arrived(now.Add(time.Duration(i)*probeEvery/2), "x"), r) {
			t.Fatal("refused")
		}
	}
	next.lose = true
	out.Append(arrived(now.Add(time.Hour), "x"), r)
	next.full = true
	if out.Append(arrived(now.Add(2*time.Hour), "x"), r) {
		t.Error("taken by an output that is full")
	}
	if next.taken != 11 || r.delivered != 10 || r.lost != 1 {
		t.Errorf("taken %d, delivered %d, lost %d; want 11, 10, 1", next.taken, r.delivered, r.lost)
	}
	if n := s.latency.read().total(); n != 5 {
		t.Errorf("%d of ten were measured, want every other", n)
	}
	called := false
	out.Room(func() { called = true })
	if !called {
		t.Error("Room is not handed on")
	}
}

// Messages are copied only while somebody looks, and no more than are meant to be.
func TestTapShows(t *testing.T) {
	t.Parallel()
	s := New(Config{Account: newSource().account}) // not started: nobody takes the samples
	out, r := s.Tap(&taker{}), &receipt{}
	show := func(n int) int {
		for range n {
			out.Append(arrived(time.Now(), "x"), r)
		}
		return len(s.messages())
	}
	if n := show(100); n != 0 {
		t.Errorf("%d were copied for nobody", n)
	}
	s.tap.budget.Store(showAtOnce)
	if n := show(1000); n != showAtOnce {
		t.Errorf("%d were copied, want %d", n, showAtOnce)
	}
	if n := show(1000); n != 0 {
		t.Errorf("%d were copied without a budget", n)
	}
}

func TestTapAllocatesNothing(t *testing.T) {
	s := New(Config{Account: newSource().account})
	out, r := s.Tap(&taker{}), &receipt{}
	m := arrived(time.Now(), "x")
	i := 0
	if n := testing.AllocsPerRun(1000, func() {
		i++
		m.ReceivedAt = m.ReceivedAt.Add(probeEvery / 4) // one in four is measured
		out.Append(m, r)
	}); n >= 0.01 {
		t.Errorf("%v allocations for a message", n)
	}
}

func TestMessageIsText(t *testing.T) {
	t.Parallel()
	m := newMessage(arrived(time.Now(), "\x1b[31m<b>\u202e"+strings.Repeat("ä", 600)))
	if !strings.HasPrefix(m.Text, `\x1b[31m<b>\u202e`) || m.Cut == 0 || !m.Raw || strings.ContainsAny(m.Text, "\x1b\n") {
		t.Errorf("%+v", m)
	}
}

func TestQuantiles(t *testing.T) {
	t.Parallel()
	var h histogram
	for range 98 {
		h.add(15 * time.Microsecond)
	}
	before := h.read()
	h.add(-time.Second)
	h.add(time.Minute)
	r := h.read()
	if q := r.quantile(0.5); q < 10*time.Microsecond || q > 20*time.Microsecond {
		t.Errorf("half are faster than %v, want 10 to 20 us", q)
	}
	if q := r.quantile(1); q != 10*time.Second {
		t.Errorf("the slowest is %v, want the last bound", q)
	}
	if r.total() != 100 || r.since(before).total() != 2 || (reading{}).quantile(0.5) != 0 {
		t.Errorf("%d in all, %d since", r.total(), r.since(before).total())
	}
	count, byBound := r.cumulative()
	if count != 100 || byBound[10] != 99 || byBound[0.00002] != 99 || byBound[0.00001] != 1 {
		t.Errorf("%d, %v", count, byBound)
	}
}

func BenchmarkTap(b *testing.B) {
	for _, c := range []struct {
		name   string
		tapped bool
		budget int32
	}{{"without", false, 0}, {"nobody looks", true, 0}, {"somebody looks", true, showAtOnce}} {
		b.Run(c.name, func(b *testing.B) {
			s := New(Config{Account: newSource().account})
			next, r := &taker{}, &receipt{}
			out := s.Tap(next)
			m := arrived(time.Now(), `{"send_user":"ann","send_time":"now","send_msg":"good morning"}`)
			b.ReportAllocs()
			for i := range b.N {
				m.ReceivedAt = m.ReceivedAt.Add(10 * time.Microsecond) // 100,000 in a second
				if c.budget > 0 && i%20000 == 0 {
					s.messages()
					s.tap.budget.Store(c.budget)
				}
				if c.tapped {
					out.Append(m, r)
				} else {
					next.Append(m, r)
				}
			}
		})
	}
}
