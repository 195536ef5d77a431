package sigio_test

import (
	"fmt"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/internal/sys"
)

// The end of a connection sends two signals or more, in one batch or in several. A
// handler that closes its watch at the first end is not called again. The signal
// that goes with urgent data interrupts the loop's sleep and nothing else.
//
// With a closed Watch still in the table, and still called, there were 2 and 3 ends;
// with an EINTR of rt_sigtimedwait taken for an error urgent data ended the loop.
func TestHazard18Ends(t *testing.T) {
	t.Parallel()
	for network, name := range map[sys.Network]string{sys.TCP: "tcp", sys.MPTCP: "mptcp"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for name, test := range ends {
				if name == "urgent" && network == sys.MPTCP {
					continue // it has no urgent data
				}
				for _, batch := range []int{1, 256} {
					t.Run(fmt.Sprint(name, ", batches of ", batch), func(t *testing.T) {
						t.Parallel()
						l := newLoop(t, sigio.Options{Verify: -1, Batch: batch})
						endsOnce(t, l, network, test)
					})
				}
			}
		})
	}
}

func endsOnce(t *testing.T, l *sigio.Loop, network sys.Network, end func(*testing.T, *sigio.Loop, int) int64) {
	client, server := tcpPair(t, network)
	s := new(sink)
	watch(t, l, server, s)
	sent := end(t, l, client)
	sigtest.Until(t, "the end", func() bool { return s.ends.Load()+s.errors.Load() > 0 })
	if sent != unknown {
		s.await(t, sent)
	}
	sys.Shutdown(client, sys.ShutBoth)
	for range 10 { // signals, taken one by one
		settle(t, l)
	}
	if n := s.ends.Load() + s.errors.Load(); n != 1 {
		t.Errorf("%d ends", n)
	}
	if stats := l.Stats(); l.Err() != nil || stats.Foreign != 0 {
		t.Errorf("%v, %+v", l.Err(), stats)
	}
}

// unknown is said of a number of bytes.
const unknown = -1

// ends does what ends a connection, and returns how many bytes come before.
var ends = map[string]func(t *testing.T, l *sigio.Loop, fd int) int64{
	"half-close": func(t *testing.T, l *sigio.Loop, fd int) int64 {
		sendSoon(t, fd, "data")
		settle(t, l)
		sys.Shutdown(fd, sys.ShutWrite)
		return 4
	},
	"data and end in one segment": func(t *testing.T, l *sigio.Loop, fd int) int64 {
		sys.SetCork(fd, true) // a kernel whose MPTCP has no such option sends two
		sendSoon(t, fd, "data")
		sys.Shutdown(fd, sys.ShutWrite)
		return 4
	},
	"data and end in one batch": func(t *testing.T, l *sigio.Loop, fd int) int64 {
		l.Do(func() { // the loop takes nothing meanwhile
			sendSoon(t, fd, "data")
			sys.Shutdown(fd, sys.ShutWrite)
		})
		return 4
	},
	"reset": func(t *testing.T, l *sigio.Loop, fd int) int64 {
		sendSoon(t, fd, "data")
		settle(t, l)
		if err := sys.ResetOnClose(fd); err != nil {
			t.Error(err)
		}
		other, _ := pipe(t)
		if err := sys.DupTo(other, fd); err != nil { // closes it, but keeps the number
			t.Error(err)
		}
		return 4
	},
	"urgent": func(t *testing.T, l *sigio.Loop, fd int) int64 {
		for range 20 {
			sendSoon(t, fd, "data")
			if _, err := sys.SendOOB(fd, []byte("!")); err != nil {
				t.Error(err)
			}
		}
		var tid int
		l.Do(func() { tid = sys.ThreadID() })
		for range 20 { // the signal that goes with it, to a thread that sleeps
			settle(t, l)
			unix.Tgkill(os.Getpid(), tid, syscall.SIGURG)
		}
		sys.Shutdown(fd, sys.ShutWrite)
		return unknown // an urgent byte that nobody took may become a normal one
	},
}

// sendSoon sends when the connection is there.
func sendSoon(t *testing.T, fd int, data string) {
	t.Helper()
	sigtest.Until(t, "the connection", func() bool {
		n, err := sys.Send(fd, []byte(data))
		return err == nil && n == len(data)
	})
}
