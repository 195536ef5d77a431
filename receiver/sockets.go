package receiver

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio/internal/sys"
)

// The sockets here are there once, however many workers there are: the kernel does
// not divide what comes at them among several.

// spread gives each socket of b to a worker.
func (r *Receiver) spread(b *bound) {
	fds := slices.Repeat([]int{-1}, r.loops)
	switch {
	case r.loops > r.config.Workers && b.manner.keys != nil:
		fds[r.loops-1] = b.fds[0]
	case len(b.fds) == 1:
		fds[b.fds[0]%r.config.Workers] = b.fds[0]
	default:
		copy(fds, b.fds)
	}
	b.fds = fds
}

// absent is in the place of a socket in a worker that has none of an address.
type absent struct {
	w    *worker
	gone bool
}

func (a *absent) start() error { return nil }
func (a *absent) drain()       { a.close() }
func (a *absent) close() {
	if !a.gone {
		a.gone = true
		a.w.r.sources.Done()
	}
}
func (a *absent) woken()                {}
func (a *absent) report(*ListenerStats) {}

// unixFile is the file of a Unix socket. A nil one is none.
type unixFile struct {
	path string
	id   sys.FileID
	gone atomic.Bool
}

// remove removes the file, once, unless it is somebody else's by now.
func (f *unixFile) remove() {
	if f != nil && f.gone.CompareAndSwap(false, true) {
		sys.RemoveUnixFile(f.path, f.id)
	}
}

// openUnix opens a Unix socket.
func (e endpoint) openUnix(backlog int) ([]bound, error) {
	b := bound{network: e.network, path: e.path}
	if e.path[0] == '@' {
		fd, err := sys.ListenUnix(e.network, e.path, backlog)
		b.fds = []int{fd}
		return []bound{b}, err
	}
	wanted, err := e.file()
	if err != nil {
		return nil, err
	}
	fd, id, err := sys.ListenUnixFile(e.network, e.path, backlog, wanted)
	b.fds, b.file = []int{fd}, &unixFile{path: e.path, id: id}
	return []bound{b}, err
}

// multicast returns the multicast group that host is, if it is one.
func multicast(host string) netip.Addr {
	if a, err := netip.ParseAddr(host); err == nil && a.IsMulticast() {
		return a
	}
	return netip.Addr{}
}

// openGroup opens a socket for a multicast group and joins it.
func (e endpoint) openGroup() ([]bound, error) {
	addr := multicast(e.host)
	name := e.iface
	if name == "" {
		name = addr.Zone()
	}
	index := 0
	if name != "" {
		i, err := net.InterfaceByName(name)
		if err != nil {
			return nil, fmt.Errorf("there is no interface %q, only %s", name, interfaces())
		}
		index = i.Index
	}
	if addr.Is6() && name != "" {
		addr = addr.WithZone(name)
	}
	fd, err := sys.ListenGroup(netip.AddrPortFrom(addr, e.port))
	if err != nil {
		return nil, err
	}
	b := bound{network: sys.UDP, fds: []int{fd}}
	if err = sys.JoinGroup(fd, addr.WithZone(""), index); err == nil {
		b.addr, err = sys.LocalAddr(fd)
	}
	if err != nil {
		sys.Close(fd)
		return nil, fmt.Errorf("joining the group: %w", err)
	}
	return []bound{b}, nil
}

func interfaces() string {
	var names []string
	all, _ := net.Interfaces()
	for _, i := range all {
		names = append(names, i.Name)
	}
	return strings.Join(names, ", ")
}

// takeOver duplicates sockets that somebody else has opened.
func (e endpoint) takeOver(c *Config) (all []bound, err error) {
	files := c.Sockets[e.given]
	if len(files) == 0 {
		if len(c.Sockets) == 0 {
			return nil, fmt.Errorf("no sockets were passed to this program")
		}
		return nil, fmt.Errorf("no socket of this name was passed, only %s", strings.Join(slices.Sorted(maps.Keys(c.Sockets)), ", "))
	}
	defer func() {
		if err != nil {
			closeAll(all)
		}
	}()
	for _, f := range files {
		raw, err := f.SyscallConn()
		if err != nil {
			return all, err
		}
		b := bound{fds: []int{-1}}
		var failed error
		if err := raw.Control(func(fd uintptr) { b.fds[0], failed = sys.Dup(int(fd)) }); err != nil {
			return all, err
		}
		if failed != nil {
			return all, failed
		}
		all = append(all, b)
		if err := all[len(all)-1].examine(e.cert != ""); err != nil {
			return all, fmt.Errorf("%s: %w", f.Name(), err)
		}
	}
	return all, nil
}

// examine finds out what kind of socket somebody has passed.
func (b *bound) examine(tls bool) error {
	fd := b.fds[0]
	network, listens, err := sys.Kind(fd)
	if err != nil {
		return fmt.Errorf("it is no socket of a known kind: %w", err)
	}
	stream := false
	switch network {
	case sys.TCP, sys.MPTCP:
		b.network, stream = sys.TCP, true
	case sys.UnixStream:
		b.network, stream = sys.UnixStream, true
	case sys.UDP, sys.UnixDatagram:
		b.network = network
	default:
		return fmt.Errorf("it is a %v socket: %w", network, syscall.EPROTONOSUPPORT)
	}
	switch {
	case stream && !listens:
		return fmt.Errorf("it does not listen, it is a connection: %w", syscall.EINVAL)
	case tls && b.network != sys.TCP:
		return fmt.Errorf("it is a %v socket, TLS wants tcp: %w", b.network, syscall.EINVAL)
	}
	if b.addr, err = sys.LocalAddr(fd); err == nil && !b.addr.IsValid() {
		b.path, err = sys.LocalName(fd)
	}
	if err != nil {
		return err
	}
	return sys.SetNonblock(fd)
}

// of is m for sockets of a network that was not known before.
func (m *manner) of(n sys.Network) *manner {
	c := *m
	if c.keys == nil {
		c.transport = n.String()
	}
	return &c
}

// prepare sets the options of b's sockets, which connections inherit.
func (r *Receiver) prepare(b *bound) error {
	for _, fd := range b.fds {
		var err error
		switch d := r.config.DeadPeerTimeout; {
		case fd < 0:
		case b.network == sys.TCP && d > 0:
			// The first probe comes at half the time, the next at three quarters, and
			// then the time is over.
			err = sys.SetKeepAlive(fd, sys.KeepAlive{Idle: d / 2, Interval: max(d/4, time.Second), Count: 16})
			if err == nil {
				err = sys.SetUserTimeout(fd, d)
			}
		case (b.network == sys.UDP || b.network == sys.UnixDatagram) && r.config.KernelTime:
			err = sys.StampArrival(fd)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
