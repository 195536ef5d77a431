package output_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/output"
)

func TestWritesInOrderAndTellsEachReceipt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var s sink
		o := open(t, &s, output.Options{})
		var a, b receipt
		put(t, o, &a, "1", "2")
		put(t, o, &b, "3")
		put(t, o, &a, "4")
		put(t, o, nil, "5")
		pass(time.Second)
		if got := s.String(); got != "1\n2\n3\n4\n5\n" {
			t.Fatalf("wrote %q", got)
		}
		a.told(t, 3, 0, "")
		b.told(t, 1, 0, "")
		if st := o.Stats(); st.Written != 5 || st.WrittenBytes != 10 || st.Pending != 0 || st.PendingBytes != 0 || st.Stalled {
			t.Fatalf("%+v", st)
		}
	})
}

func TestDefaultFormatIsText(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var m message.Message
		m.Parse([]byte(`{"send_user":"u","send_time":"t","send_msg":"x"}`))
		var s sink
		o := output.NewWriter(&s, output.Options{})
		o.Append(&m, nil)
		if err := o.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if want := string(message.AppendText(nil, &m)); s.String() != want {
			t.Fatalf("wrote %q, want %q", s.String(), want)
		}
	})
}

// The receiver uses its buffers again as soon as Append has returned.
func TestAppendKeepsNothingOfTheMessage(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var s sink
		o := open(t, &s, output.Options{})
		m := msg("mine")
		o.Append(m, nil)
		copy(m.Text, "XXXX")
		synctest.Wait()
		if s.String() != "mine\n" {
			t.Fatalf("wrote %q", s.String())
		}
	})
}

// A run of messages with one receipt is one call, however many they are.
func TestReceiptsAreMerged(t *testing.T) {
	bubble(t, func(t *testing.T) {
		gate := make(chan struct{})
		s := sink{ask: func(call, n int) (int, error) {
			if call == 0 {
				<-gate
			}
			return n, nil
		}}
		o := open(t, &s, output.Options{})
		var r receipt
		put(t, o, nil, "first")
		synctest.Wait()
		for range 1000 {
			put(t, o, &r, "x")
		}
		close(gate)
		pass(time.Second)
		r.told(t, 1000, 0, "")
		if r.calls != 1 || len(s.writes) != 2 {
			t.Fatalf("%d calls for %d writes, want 1 for 2", r.calls, len(s.writes))
		}
	})
}

func TestAppendAndRoomDoNotWaitForABlockedOutput(t *testing.T) {
	bubble(t, func(t *testing.T) {
		gate := make(chan struct{})
		s := sink{ask: func(_, n int) (int, error) { <-gate; return n, nil }}
		o := open(t, &s, output.Options{Limit: 1000})
		start := time.Now()
		accepted, room := 0, 0
		var r receipt
		for o.Append(msg("0123456789"), &r) { // 11 bytes and 32 for bookkeeping
			accepted++
			synctest.Wait()
		}
		o.Room(func() { room++ })
		synctest.Wait()
		if accepted != 24 || room != 0 || time.Since(start) != 0 {
			t.Fatalf("%d accepted, want 24; room called %d times; took %v", accepted, room, time.Since(start))
		}
		if o.Append(msg("x"), &r) {
			t.Fatal("a full Writer accepted a message")
		}
		conserved(t, o, accepted)
		close(gate)
		pass(time.Second)
		if room != 1 {
			t.Fatalf("room was called %d times", room)
		}
		r.told(t, accepted, 0, "")
		conserved(t, o, accepted)
	})
}

// Room must not be told at the first byte of space, or a source starts and stops for every message.
func TestRoomMeansHalf(t *testing.T) {
	bubble(t, func(t *testing.T) {
		step := make(chan struct{})
		s := sink{ask: func(_, n int) (int, error) { <-step; return 1, nil }}
		o := open(t, &s, output.Options{Limit: 100})
		put(t, o, nil, strings.Repeat("x", 199))
		if o.Append(msg(""), nil) {
			t.Fatal("accepted a second message over the limit")
		}
		room := false
		o.Room(func() { room = true })
		for used := 232; used > 50; used-- { // the message's 32 go with its last byte
			if room {
				t.Fatalf("room with %d of 100 in use", used)
			}
			step <- struct{}{}
			synctest.Wait()
		}
		if !room {
			t.Fatal("no room at half of the limit")
		}
		close(step)
	})
}

func TestRoomWhenThereIsRoom(t *testing.T) {
	bubble(t, func(t *testing.T) {
		o := open(t, new(sink), output.Options{})
		calls := 0
		o.Room(func() { calls++ })
		synctest.Wait()
		o.Room(func() { calls++ })
		synctest.Wait()
		if calls != 2 {
			t.Fatalf("%d calls", calls)
		}
	})
}

// A message that alone is larger than the limit, and than a chunk, is accepted by an empty Writer,
// and goes out in one write.
func TestMessageLargerThanEverything(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var s sink
		o := open(t, &s, output.Options{Limit: 1000})
		var r receipt
		put(t, o, &r, strings.Repeat("y", 1<<20))
		synctest.Wait()
		put(t, o, &r, "after")
		pass(time.Second)
		r.told(t, 2, 0, "")
		if len(s.writes) != 2 || s.writes[0] != 1<<20+1 || !strings.HasSuffix(s.String(), "y\nafter\n") {
			t.Fatalf("writes %v", s.writes)
		}
	})
}

// Writes end where messages end, so that a kill between two of them tears no line.
func TestWritesAreWholeMessages(t *testing.T) {
	bubble(t, func(t *testing.T) {
		gate := make(chan struct{})
		s := sink{ask: func(_, n int) (int, error) { <-gate; return n, nil }}
		o := open(t, &s, output.Options{})
		var r receipt
		put(t, o, &r, "first")
		synctest.Wait()
		for range 1000 {
			put(t, o, &r, strings.Repeat("z", 999))
		}
		close(gate)
		pass(time.Second)
		r.told(t, 1001, 0, "")
		if len(s.writes) != 1+(1000+64)/65 {
			t.Errorf("%d writes", len(s.writes))
		}
		for i, n := range s.writes[1:] {
			if n%1000 != 0 || n > 64<<10 {
				t.Errorf("write %d has %d bytes", i+1, n)
			}
		}
	})
}

// Encoders may yield nothing; such messages have an outcome too, and are bounded.
func TestEmptyMessages(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var s sink
		o := output.NewWriter(&s, output.Options{
			Limit:  3200,
			Format: func(dst []byte, _ *message.Message) []byte { return dst },
		})
		gate := make(chan struct{})
		o.Room(func() { <-gate }) // stops the Writer's goroutine
		synctest.Wait()
		var r receipt
		n := 0
		for ; n < 1000 && o.Append(msg("x"), &r); n++ {
		}
		if n != 100 { // 3200 / 32
			t.Errorf("%d empty messages accepted, want 100", n)
		}
		close(gate)
		if err := o.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.told(t, n, 0, "")
		if len(s.writes) != 0 {
			t.Fatalf("%d writes of nothing", len(s.writes))
		}
	})
}

// A panic of the encoder belongs to its caller, and leaves the Writer usable.
func TestPanicInFormat(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var s sink
		o := output.NewWriter(&s, output.Options{Format: func(dst []byte, m *message.Message) []byte {
			if len(m.Text) == 0 {
				panic("empty")
			}
			return line(dst, m)
		}})
		func() {
			defer func() { recover() }()
			o.Append(msg(""), nil)
		}()
		put(t, o, nil, "next")
		if err := o.Close(t.Context()); err != nil || s.String() != "next\n" {
			t.Fatalf("%v, wrote %q", err, s.String())
		}
	})
}

// At 100,000 messages/s each write of a single message would cost more than the message: after a
// first one at once, the others of a millisecond go together. A terminal gets each at once.
func TestGather(t *testing.T) {
	for _, immediate := range []bool{false, true} {
		t.Run(fmt.Sprintf("immediate=%v", immediate), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var s sink
				o := open(t, &s, output.Options{Immediate: immediate})
				start := time.Now()
				for range 100 {
					put(t, o, nil, "m")
					pass(100 * time.Microsecond)
				}
				pass(time.Second)
				if s.at[0] != start {
					t.Errorf("the first message waited %v", s.at[0].Sub(start))
				}
				want := 11
				if immediate {
					want = 100
				}
				if len(s.writes) < want-1 || len(s.writes) > want {
					t.Errorf("%d writes, want about %d", len(s.writes), want)
				}
			})
		})
	}
}

// Gathering must not limit the rate: 64 KiB, or a full buffer, go out at once.
func TestGatherEndsWithEnoughBytes(t *testing.T) {
	for _, limit := range []int{0, 4096} {
		bubble(t, func(t *testing.T) {
			var s sink
			o := open(t, &s, output.Options{Limit: limit})
			start := time.Now()
			text := strings.Repeat("m", 70_000)
			if limit > 0 {
				text = text[:limit]
			}
			for range 100 {
				put(t, o, nil, text)
				synctest.Wait()
			}
			if d := time.Since(start); d != 0 || len(s.writes) != 100 {
				t.Fatalf("limit %d: %d writes after %v", limit, len(s.writes), d)
			}
		})
	}
}

// Close is not held up by gathering, and Room neither.
func TestGatherEndsWithCloseAndRoom(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var s sink
		o := open(t, &s, output.Options{})
		start := time.Now()
		put(t, o, nil, "1")
		synctest.Wait()
		put(t, o, nil, "2")
		synctest.Wait()
		o.Room(func() {})
		synctest.Wait()
		put(t, o, nil, "3")
		if err := o.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(start); d != 0 || s.String() != "1\n2\n3\n" {
			t.Fatalf("after %v: %q", d, s.String())
		}
	})
}
