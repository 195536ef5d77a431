package receiver

import (
	"github.com/seed-067c1534/sigio"
)

// Stats is the account of a Receiver. It encodes to JSON with the names in the
// tags.
type Stats struct {
	Counts
	Listeners []ListenerStats `json:"listeners"`
}

// ListenerStats is the account of one address.
type ListenerStats struct {
	// Address is the URL, with the port that was chosen: udp://127.0.0.1:8888.
	Address string `json:"address"`
	Counts
	// ReceiveBuffer is the size in bytes of the receive buffer that the kernel
	// granted to each of the address's UDP sockets, in the unit of
	// Config.ReceiveBuffer (getsockopt(2) returns twice as much, socket(7)).
	ReceiveBuffer int `json:"receive_buffer,omitempty"`
	// Gone: Receiver.Listen has given the address up. What it had received is still
	// part of the account.
	Gone bool `json:"gone,omitempty"`
}

// Counts are what is counted for each address and in total. At every moment
// Received = Delivered + the sum of Rejected.
type Counts struct {
	// Received is the number of messages whose outcome is known.
	Received uint64 `json:"received"`
	// Delivered is how many of them the output has delivered.
	Delivered uint64 `json:"delivered"`
	// Rejected is how many were not, by cause: one of this package's (Cause...)
	// or of the output's. It is not nil.
	Rejected map[string]uint64 `json:"rejected"`
	// Pending is the number of messages beside those received: found, but of
	// unknown outcome. Bytes that are not yet known to be a message do not count.
	Pending uint64 `json:"pending"`
	// KernelDrops is the number of datagrams that the kernel dropped, mostly
	// because the receive buffer was full (SO_MEMINFO, as of this moment).
	KernelDrops uint64 `json:"kernel_drops"`
	// Signals is about the signals that led to all this.
	Signals SignalStats `json:"signals"`
	// Connections is about the connections of a stream socket.
	Connections ConnectionStats `json:"connections"`
}

// SignalStats are the counts of sigio.Stats that tell how signals were used. For a
// single address only Received and Merged are known, and those without the
// signals of connections that have a goroutine; the others are about the queue,
// which all addresses of a worker share.
type SignalStats struct {
	Received  uint64 `json:"received"`
	Merged    uint64 `json:"merged"`
	Stale     uint64 `json:"stale"`
	Foreign   uint64 `json:"foreign"`
	Overflows uint64 `json:"overflows"`
	Sweeps    uint64 `json:"sweeps"`
}

// ConnectionStats counts connections. Accepted = Open + the sum of Closed.
type ConnectionStats struct {
	Accepted uint64 `json:"accepted"`
	Open     uint64 `json:"open"`
	// Closed is how many have ended, by cause (End...). It is not nil.
	Closed map[string]uint64 `json:"closed"`
	// AcceptFailures counts accept calls that failed for want of descriptors or
	// memory. The connections waited and were accepted later.
	AcceptFailures uint64 `json:"accept_failures"`
}

func newCounts() Counts {
	return Counts{
		Rejected:    map[string]uint64{},
		Connections: ConnectionStats{Closed: map[string]uint64{}},
	}
}

func (c *Counts) add(other *Counts) {
	c.Received += other.Received
	c.Delivered += other.Delivered
	c.Pending += other.Pending
	c.KernelDrops += other.KernelDrops
	addCounts(c.Rejected, other.Rejected)
	c.Connections.Accepted += other.Connections.Accepted
	c.Connections.Open += other.Connections.Open
	c.Connections.AcceptFailures += other.Connections.AcceptFailures
	addCounts(c.Connections.Closed, other.Connections.Closed)
}

func addCounts(sum, other map[string]uint64) {
	for cause, n := range other {
		sum[cause] += n
	}
}

// Stats returns the account. It may be called from any goroutine at any time;
// before Start it is empty, after the end it is the final one. For each UDP socket
// it makes one system call.
func (r *Receiver) Stats() Stats {
	s := Stats{Counts: newCounts(), Listeners: []ListenerStats{}}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, b := range r.bound {
		l := ListenerStats{Address: b.url(), Gone: b.gone, Counts: newCounts()}
		for _, w := range r.workers() {
			w.sources[i].report(&l)
		}
		s.add(&l.Counts)
		s.Listeners = merge(s.Listeners, l)
	}
	var signals sigio.Stats
	for _, w := range r.workers() {
		signals.Add(w.loop.Stats())
	}
	s.Signals = signalStats(signals)
	return s
}

func signalStats(s sigio.Stats) SignalStats {
	return SignalStats{
		Received:  s.Received,
		Merged:    s.Merged,
		Stale:     s.Stale,
		Foreign:   s.Foreign,
		Overflows: s.Overflows,
		Sweeps:    s.Sweeps,
	}
}
