package output_test

import (
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-067c1534/sigio/output"
)

func TestShortWrites(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := sink{ask: func(call, n int) (int, error) { return min(n, 1+call%3), nil }}
		o := open(t, &s, output.Options{})
		var r receipt
		put(t, o, &r, "alpha", "beta", "gamma")
		pass(time.Second)
		if s.String() != "alpha\nbeta\ngamma\n" {
			t.Fatalf("wrote %q", s.String())
		}
		r.told(t, 3, 0, "")
	})
}

// Each message is told when its own last byte is out, not with its batch.
func TestDeliveredExactlyWithTheLastByte(t *testing.T) {
	bubble(t, func(t *testing.T) {
		step := make(chan struct{})
		s := sink{ask: func(_, n int) (int, error) { <-step; return 1, nil }}
		o := open(t, &s, output.Options{})
		var r receipt
		put(t, o, &r, "ab", "c")
		synctest.Wait()
		for i, want := range []int{0, 0, 1, 1, 2} {
			step <- struct{}{}
			pass(time.Second)
			r.told(t, want, 0, "")
			if st := o.Stats(); st.Pending != 2-want || st.PendingBytes != 4-i {
				t.Fatalf("after byte %d: %+v", i+1, st)
			}
			if i == 4 {
				break
			}
		}
	})
}

// The hazard of bufio.Writer: its first error is its last.
func TestErrorsThatPass(t *testing.T) {
	for name, err := range map[string]error{
		"ENOSPC":      syscall.ENOSPC,
		"EDQUOT":      syscall.EDQUOT,
		"EIO":         syscall.EIO,
		"EAGAIN":      syscall.EAGAIN,
		"EINTR":       syscall.EINTR,
		"ENOMEM":      syscall.ENOMEM,
		"ENOBUFS":     syscall.ENOBUFS,
		"wrapped":     &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC},
		"short":       io.ErrShortWrite,
		"no progress": nil, // 0 bytes and no error must not spin
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				const fails = 10
				s := sink{ask: func(call, n int) (int, error) {
					switch {
					case call == 0:
						return 3, err // tears "one\n" or "two\n"
					case call <= fails:
						return 0, err
					}
					return n, nil
				}}
				o := open(t, &s, output.Options{})
				var r receipt
				put(t, o, &r, "one")
				put(t, o, &r, "two", "three")
				synctest.Wait()
				if st := o.Stats(); err != nil && (!st.Stalled || st.Retries == 0 || !errors.Is(st.LastError, err) || st.Pending == 0) {
					t.Fatalf("while it fails: %+v", st)
				}
				pass(time.Minute)
				r.told(t, 3, 0, "")
				if s.String() != "one\ntwo\nthree\n" {
					t.Fatalf("wrote %q", s.String())
				}
				st := o.Stats()
				if st.Stalled || st.Retries < fails || st.LastError == nil || o.Err() != nil {
					t.Fatalf("after it went on: %+v, %v", st, o.Err())
				}
			})
		})
	}
}

func TestBackOff(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := sink{ask: func(call, n int) (int, error) {
			if call == 9 {
				return 1, syscall.ENOSPC // progress: the waits begin anew
			}
			return 0, syscall.ENOSPC
		}}
		o := open(t, &s, output.Options{})
		put(t, o, nil, "some bytes")
		pass(20 * time.Second)
		o.Stats()
		want := []time.Duration{10, 20, 40, 80, 160, 320, 640, 1000, 1000, 10, 20, 40}
		for i, w := range want {
			if got := s.at[i+1].Sub(s.at[i]); got != w*time.Millisecond {
				t.Errorf("wait %d is %v, want %v ms", i, got, int(w))
			}
		}
	})
}

func TestClosedOutput(t *testing.T) {
	for name, err := range map[string]error{
		"EPIPE":       &os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE},
		"EBADF":       syscall.EBADF,
		"closed":      os.ErrClosed,
		"closed pipe": io.ErrClosedPipe,
		"unknown":     errors.New("no idea"),
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				gate := make(chan struct{})
				s := sink{ask: func(call, n int) (int, error) {
					if call == 0 {
						<-gate
						return n, nil
					}
					return 5, err
				}}
				o := open(t, &s, output.Options{Limit: 200})
				var r, later receipt
				put(t, o, &r, "first")
				synctest.Wait()
				put(t, o, &r, "one", "two", "three")
				room := 0
				o.Room(func() { room++ })
				close(gate)
				<-o.Done()
				pass(time.Second)
				r.told(t, 2, 2, output.CauseClosed) // "two" is torn: not delivered
				if !errors.Is(o.Err(), err) || !strings.HasPrefix(o.Err().Error(), "sigio: output: ") {
					t.Fatalf("Err() = %v", o.Err())
				}
				// Later messages have an outcome too, and never fill the Writer.
				for range 100 {
					put(t, o, &later, "later")
					pass(time.Second)
				}
				later.told(t, 0, 100, output.CauseClosed)
				o.Room(func() { room++ })
				synctest.Wait()
				if len(s.writes) != 2 || room != 2 {
					t.Fatalf("%d writes, room called %d times", len(s.writes), room)
				}
				if cerr := o.Close(t.Context()); !errors.Is(cerr, err) {
					t.Fatalf("Close() = %v", cerr)
				}
				put(t, o, &later, "after Close")
				later.told(t, 0, 101, output.CauseClosed)
				conserved(t, o, 105)
			})
		})
	}
}

// A Write that breaks io.Writer's contract must not corrupt the account.
func TestImpossibleCounts(t *testing.T) {
	for _, n := range []int{-1, 1000} {
		bubble(t, func(t *testing.T) {
			o := open(t, &sink{ask: func(int, int) (int, error) { return n, nil }}, output.Options{})
			var r receipt
			put(t, o, &r, "x")
			<-o.Done()
			synctest.Wait()
			r.told(t, 0, 1, output.CauseClosed)
			conserved(t, o, 1)
		})
	}
}

// All bytes written and an error beside: the messages are delivered, then the error counts.
func TestErrorBesideAFullWrite(t *testing.T) {
	bubble(t, func(t *testing.T) {
		o := open(t, &sink{ask: func(_, n int) (int, error) { return n, syscall.EPIPE }}, output.Options{})
		var r receipt
		put(t, o, &r, "x")
		<-o.Done()
		synctest.Wait()
		r.told(t, 1, 0, "")
	})
}

// Without GiveUp a full disk stops the sources for ever and loses nothing. With it, what is older
// is lost with its cause, but a torn line is completed before anything new.
func TestGiveUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		full := true
		s := sink{ask: func(call, n int) (int, error) {
			switch {
			case call == 0:
				return 4 + 2, syscall.ENOSPC // "one\n" and "tw" of "two\n"
			case full:
				return 0, syscall.ENOSPC
			}
			return n, nil
		}}
		o := open(t, &s, output.Options{GiveUp: 10 * time.Second, Limit: 500})
		var a, b, c receipt
		put(t, o, &a, "one", "two", "three")
		put(t, o, &b, "four")
		pass(5 * time.Second)
		put(t, o, &b, "five")
		for o.Append(msg("fill"), &c) {
		}
		filled := o.Stats().Pending - 4
		room := 0
		o.Room(func() { room++ })
		pass(4 * time.Second)
		a.told(t, 1, 0, "")
		b.told(t, 0, 0, "")
		pass(2 * time.Second)
		a.told(t, 1, 1, output.CauseStalled)
		b.told(t, 0, 2, output.CauseStalled)
		c.told(t, 0, filled, output.CauseStalled)
		if st := o.Stats(); st.Pending != 1 || st.PendingBytes != 2 || room != 1 {
			t.Fatalf("room called %d times, %+v", room, st)
		}

		// Again, with only the torn message in the way.
		put(t, o, &b, "six")
		pass(12 * time.Second)
		b.told(t, 0, 3, output.CauseStalled)

		full = false
		put(t, o, &b, "seven")
		pass(5 * time.Second)
		if s.String() != "one\ntwo\nseven\n" {
			t.Fatalf("wrote %q", s.String())
		}
		a.told(t, 2, 1, output.CauseStalled)
		b.told(t, 1, 3, output.CauseStalled)
	})
}

// A message that comes long after giving up gets its full time.
func TestGiveUpBeginsAnew(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := sink{ask: func(int, int) (int, error) { return 0, syscall.ENOSPC }}
		o := open(t, &s, output.Options{GiveUp: 10 * time.Second})
		var r receipt
		put(t, o, &r, "a")
		pass(time.Hour)
		r.told(t, 0, 1, output.CauseStalled)
		tries := len(s.writes)
		put(t, o, &r, "b")
		pass(9 * time.Second)
		r.told(t, 0, 1, output.CauseStalled)
		pass(2 * time.Second)
		r.told(t, 0, 2, output.CauseStalled)
		if n := len(s.writes) - tries; n < 5 || n > 20 {
			t.Fatalf("%d tries in 10 s", n)
		}
	})
}

// GiveUp is not rounded up to the next try.
func TestGiveUpIsExact(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := sink{ask: func(int, int) (int, error) { return 0, syscall.ENOSPC }}
		o := open(t, &s, output.Options{GiveUp: 50 * time.Millisecond})
		var r receipt
		put(t, o, &r, "a")
		pass(49 * time.Millisecond)
		r.told(t, 0, 0, "")
		pass(time.Millisecond)
		r.told(t, 0, 1, output.CauseStalled)
	})
}
