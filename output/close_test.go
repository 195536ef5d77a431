package output_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-067c1534/sigio/output"
)

func TestCloseDrains(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := sink{ask: func(_, n int) (int, error) { time.Sleep(time.Second); return min(n, 2), nil }}
		o := open(t, &s, output.Options{})
		var r receipt
		put(t, o, &r, "one", "two")
		go func() {
			time.Sleep(2500 * time.Millisecond)
			o.Append(msg("meanwhile"), &r)
		}()
		if err := o.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.told(t, 3, 0, "")
		if s.String() != "one\ntwo\nmeanwhile\n" {
			t.Fatalf("wrote %q", s.String())
		}
		select {
		case <-o.Done():
		default:
			t.Fatal("Done is open after Close")
		}
		if o.Err() != nil {
			t.Fatal(o.Err())
		}
	})
}

func TestCloseTwiceAndTogether(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := sink{ask: func(_, n int) (int, error) { time.Sleep(time.Second); return n, nil }}
		o := open(t, &s, output.Options{})
		var r receipt
		put(t, o, &r, "one")
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if err := o.Close(context.Background()); err != nil {
					t.Error(err)
				}
				r.told(t, 1, 0, "")
			})
		}
		wg.Wait()
		if err := o.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestUseAfterClose(t *testing.T) {
	bubble(t, func(t *testing.T) {
		o := open(t, new(sink), output.Options{})
		if err := o.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		var r receipt
		put(t, o, &r, "late")
		put(t, o, nil, "late")
		r.told(t, 0, 1, output.CauseShutdown)
		room := 0
		o.Room(func() { room++ })
		if room != 1 {
			t.Fatal("Room after Close was not called")
		}
		conserved(t, o, 2)
	})
}

// Close's time ends while the disk is full.
func TestCloseWhileStalled(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := sink{ask: func(call, n int) (int, error) {
			if call == 0 {
				return 5, syscall.ENOSPC
			}
			return 0, syscall.ENOSPC
		}}
		o := open(t, &s, output.Options{})
		var r receipt
		put(t, o, &r, "one", "two", "three")
		synctest.Wait()
		put(t, o, &r, "four")
		room := 0
		o.Room(func() { room++ })
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		err := o.Close(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "3 messages") {
			t.Fatalf("Close() = %v", err)
		}
		if d := time.Since(start); d != 5*time.Second {
			t.Fatalf("Close took %v", d)
		}
		if again := o.Close(t.Context()); again == nil || again.Error() != err.Error() {
			t.Fatalf("Close() again = %v", again)
		}
		r.told(t, 1, 3, output.CauseShutdown)
		conserved(t, o, 4)
		if room != 1 {
			t.Fatalf("room was called %d times", room)
		}
	})
}

// Write never returns, like one to a pipe whose reader is stopped: Close must return all the same,
// every message must have an outcome, and what happens in the Writer later must change nothing.
func TestCloseWhileBlocked(t *testing.T) {
	bubble(t, func(t *testing.T) {
		gate := make(chan struct{})
		s := sink{ask: func(call, n int) (int, error) {
			if call == 1 {
				<-gate
			}
			return n, nil
		}}
		o := open(t, &s, output.Options{})
		var r receipt
		put(t, o, &r, "zero")
		synctest.Wait()
		put(t, o, &r, "one", "two")
		pass(time.Second)
		put(t, o, &r, "three")
		room := 0
		o.Room(func() { room++ })
		synctest.Wait()
		put(t, o, &r, strings.Repeat("x", 5<<20))
		o.Room(func() { room++ })

		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				if err := o.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("Close() = %v", err)
				}
				r.told(t, 1, 4, output.CauseShutdown)
			})
		}
		wg.Wait()
		<-o.Done()
		put(t, o, &r, "late")
		r.told(t, 1, 5, output.CauseShutdown)

		before := o.Stats()
		close(gate)
		synctest.Wait()
		r.told(t, 1, 5, output.CauseShutdown)
		if after := o.Stats(); after != before {
			t.Fatalf("%+v became %+v", before, after)
		}
		if len(s.writes) != 2 || room != 2 {
			t.Fatalf("%d writes, room called %d times", len(s.writes), room)
		}
	})
}

// A Write that is merely under way when the time ends is waited for a moment, so that its messages
// are not called lost although they were written.
func TestCloseWaitsForAWriteUnderWay(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := sink{ask: func(_, n int) (int, error) { time.Sleep(5 * time.Millisecond); return n, nil }}
		o := open(t, &s, output.Options{})
		var r receipt
		put(t, o, &r, "one")
		synctest.Wait()
		put(t, o, &r, "two")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := o.Close(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("Close() = %v", err)
		}
		r.told(t, 1, 1, output.CauseShutdown)
	})
}

// A time that has already passed is no reason to report a loss that there was not.
func TestCloseWithNothingPending(t *testing.T) {
	bubble(t, func(t *testing.T) {
		o := open(t, new(sink), output.Options{})
		put(t, o, nil, "x")
		pass(time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := o.Close(ctx); err != nil {
			t.Fatal(err)
		}
	})
}

// When the time ends while the Writer is busy telling, not writing, Close must not tell the same
// once more.
func TestCloseWhileTelling(t *testing.T) {
	bubble(t, func(t *testing.T) {
		o := open(t, new(sink), output.Options{})
		o.Room(func() { time.Sleep(time.Second) }) // longer than Close is patient
		synctest.Wait()
		var r receipt
		put(t, o, &r, "one", "two")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := o.Close(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("Close() = %v", err)
		}
		r.told(t, 0, 2, output.CauseShutdown)
		conserved(t, o, 2)
	})
}
