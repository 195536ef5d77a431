package receiver

import (
	"fmt"
	"strings"
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

// setBuffers gives the UDP sockets among all their receive buffers.
func (r *Receiver) setBuffers(all []bound) error {
	for i := range all {
		b := &all[i]
		if b.network != sys.UDP {
			continue
		}
		for _, fd := range b.fds {
			if fd < 0 {
				continue
			}
			granted, err := b.setBuffer(fd, r.config.ReceiveBuffer)
			if err != nil {
				return fmt.Errorf("sigio: %s: %w", b.url(), err)
			}
			b.granted = granted // the same for all
		}
	}
	return nil
}

// setBuffer sets the receive buffer of a socket. One that was passed keeps a larger one: who
// opened it may have had the right to exceed the limit, as a service manager has.
func (b *bound) setBuffer(fd, size int) (granted int, err error) {
	if b.given() {
		if has, err := sys.ReceiveBuffer(fd); err == nil && has/2 >= size {
			return has, nil
		}
	}
	return sys.SetReceiveBuffer(fd, size)
}

// given says whether somebody else has opened the sockets.
func (b *bound) given() bool { return strings.HasPrefix(b.configured, schemeGiven+":") }

// setCoalesce lets the loops sleep under load (sigio.Options.Coalesce) for no longer
// than a quarter of the smallest receive buffer takes in what may come.
func (r *Receiver) setCoalesce() {
	if r.config.Loop.Coalesce != 0 {
		return
	}
	pause := longestPause
	for _, b := range r.bound {
		if b.network == sys.UDP {
			pause = min(pause, time.Duration(b.granted/smallDatagram/fastest/4)*time.Microsecond)
		}
	}
	r.config.Loop.Coalesce = pause
}
