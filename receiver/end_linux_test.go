package receiver_test

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/receiver"
)

// An address that somebody has is refused, with shared sockets as well, and
// nothing is left open.
func TestAddressInUse(t *testing.T) {
	for _, workers := range []int{1, 2} {
		for _, network := range []string{"udp", "tcp"} {
			t.Run(fmt.Sprintf("%s,workers=%d", network, workers), func(t *testing.T) {
				r := start(t, newSink(), receiver.Config{Workers: workers})
				before, err := sigtest.NewBaseline()
				if err != nil {
					t.Fatal(err)
				}
				for _, others := range []int{1, 2} {
					second, err := receiver.New(receiver.Config{
						Output:  newSink(),
						Workers: others,
						Listen:  []string{"udp://localhost:0", network + "://" + addresses(r, network)[0]},
					})
					if err != nil {
						t.Fatal(err)
					}
					if err := second.Start(); !errors.Is(err, syscall.EADDRINUSE) {
						t.Errorf("%d others: %v", others, err)
					} else if others == 1 {
						t.Log(err)
					}
					<-second.Done()
				}
				if err := before.Leaks(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// An output that panics ends the receiver with an error, not silently, and leaves
// nothing behind.
func TestOutputPanics(t *testing.T) {
	for name, provoke := range map[string]func(t *testing.T, r *receiver.Receiver, b bomb){
		"datagram": func(t *testing.T, r *receiver.Receiver, b bomb) {
			send(t, dial(t, r, "udp"), "boom")
		},
		"connection": func(t *testing.T, r *receiver.Receiver, b bomb) {
			conn := dial(t, r, "tcp")
			awaitStats(t, r, "the connection", func(s receiver.Stats) bool { return s.Connections.Open == 1 })
			send(t, conn, "boom\n")
		},
		"connection, at its first read": func(t *testing.T, r *receiver.Receiver, b bomb) {
			b.holdUp(t, r)
			send(t, dial(t, r, "tcp"), "boom\n")
			b.mu.Unlock()
		},
	} {
		t.Run(name, func(t *testing.T) {
			before, err := sigtest.NewBaseline()
			if err != nil {
				t.Fatal(err)
			}
			b := bomb{newSink()}
			r, err := receiver.New(receiver.Config{Output: b, Listen: []string{"udp://127.0.0.1:0", "tcp://127.0.0.1:0"}})
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Start(); err != nil {
				t.Fatal(err)
			}
			t.Run("client", func(t *testing.T) { // which ends before the leaks are looked for
				provoke(t, r, b)
				select {
				case <-r.Done():
				case <-time.After(sigtest.Fatal):
					t.Fatal("it goes on")
				}
			})
			var panicked *sigio.PanicError
			if err := r.Err(); !errors.As(err, &panicked) {
				t.Errorf("Err is %v", err)
			}
			if err := r.Shutdown(context.Background()); !errors.As(err, &panicked) {
				t.Errorf("Shutdown returns %v", err)
			}
			if n := r.Stats().Connections.Open; n > 0 {
				t.Errorf("%d connections are open", n)
			}
			if err := before.Leaks(); err != nil {
				t.Error(err)
			}
		})
	}
}

// bomb is an output that does not like certain messages.
type bomb struct{ *sink }

func (b bomb) Append(m *message.Message, r receiver.Receipt) bool {
	if string(m.Text) == "boom" {
		panic("boom")
	}
	return b.sink.Append(m, r)
}
