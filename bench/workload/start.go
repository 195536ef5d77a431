package workload

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-067c1534/sigio/bench/arena"
	"github.com/seed-067c1534/sigio/bench/load"
	"github.com/seed-067c1534/sigio/bench/peer"
)

// startCases: from the start of a program to the first message in its file. The
// contestants that are this program itself are left out: they start with all of
// their rivals linked in.
func startCases(Options) []Case {
	return []Case{{
		Name: "start", Group: "start", Role: peer.SinkTCP, Peer: "rsyslog",
		Only:    func(c *peer.Contestant) bool { return c.Command != nil },
		Metrics: []Metric{{Key: "start", Title: "to the first message", Unit: Time, Less: true}},
		Run:     start,
	}}
}

func start(a *arena.Arena, e arena.Entry) (load.Metrics, error) {
	s, err := a.Launch(e, peer.SinkTCP, 0)
	if err != nil {
		return nil, err
	}
	defer s.Stop()
	message := make([]byte, load.MessageSize+1)
	load.Numbered(message, 0)
	message[load.MessageSize] = '\n'
	sent := false
	for deadline := s.Started.Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Microsecond) {
		if !sent {
			fd, err := load.Dial(unix.SOCK_STREAM, s.Address)
			if err != nil {
				continue // not yet
			}
			load.Send(fd, message)
			load.Close(fd)
			sent = true
		}
		if info, err := os.Stat(s.File); err == nil && info.Size() > 0 {
			took := time.Since(s.Started)
			return load.Metrics{"start": float64(took)}, complete(s.File, 0, 1)
		}
	}
	return nil, errors.New("the first message has not come after 20 s")
}
