package receiver

import (
	"fmt"
	"time"

	"github.com/seed-067c1534/sigio/internal/sys"
)

const (
	// longestPause is for how long a loop may sleep under load. It is what a
	// message can come later because of that; a longer one saves little more
	// (docs/performance.md).
	longestPause = 500 * time.Microsecond
	// smallDatagram is what the kernel charges a receive buffer for a datagram of
	// up to about 250 bytes (768, rounded up).
	smallDatagram = 1024
	// fastest is how many datagrams a microsecond are to be feared.
	fastest = 2
)

// setBuffers gives the UDP sockets their receive buffers, and lets the loops sleep
// under load (sigio.Options.Coalesce) for no longer than a quarter of the smallest
// one takes in what may come.
func (r *Receiver) setBuffers() error {
	pause := longestPause
	for i := range r.bound {
		b := &r.bound[i]
		if b.network != sys.UDP {
			continue
		}
		for _, fd := range b.fds {
			granted, err := sys.SetReceiveBuffer(fd, r.config.ReceiveBuffer)
			if err != nil {
				return fmt.Errorf("sigio: %s: %w", b.url(), err)
			}
			b.granted = granted // the same for all
		}
		pause = min(pause, time.Duration(b.granted/smallDatagram/fastest/4)*time.Microsecond)
	}
	if r.config.Loop.Coalesce == 0 {
		r.config.Loop.Coalesce = pause
	}
	return nil
}
