package receiver

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"

	"github.com/seed-067c1534/sigio/internal/sys"
)

// bound is an address with the sockets bound to it, one for each worker that has one.
type bound struct {
	network sys.Network
	addr    netip.AddrPort
	path    string // instead of addr, of a Unix socket
	dual    bool   // IPv6 and IPv4
	fds     []int  // -1 where a worker has none
	granted int    // size of each one's receive buffer in the kernel's count, if it is UDP
	manner  *manner
	file    *unixFile // nil if there is none to be removed

	configured string // the URL of Config.Listen to which it belongs
	gone       bool   // that URL is not to be listened on any more; the account stays
}

// url names the address as Config.Listen would.
func (b *bound) url() string {
	if b.addr.IsValid() {
		return b.manner.transport + "://" + b.addr.String()
	}
	return b.manner.transport + "://" + b.path
}

func closeAll(all []bound) {
	for _, b := range all {
		b.file.remove()
		for _, fd := range b.fds {
			if fd >= 0 {
				sys.Close(fd)
			}
		}
	}
}

// opener makes a socket bound to addr.
type opener func(addr netip.AddrPort, dual bool) (int, error)

// open opens the sockets of e.
func (r *Receiver) openOne(e endpoint) ([]bound, error) {
	m, err := r.config.manner(&e)
	if err != nil {
		return nil, err
	}
	var all []bound
	switch {
	case e.given != "":
		all, err = e.takeOver(&r.config)
	case e.path != "":
		all, err = e.openUnix(r.config.Backlog)
	case multicast(e.host).IsValid():
		all, err = e.openGroup()
	default:
		workers := r.config.Workers
		if e.tls {
			workers = 1
		}
		all, err = e.open(workers, r.config.Backlog)
	}
	if err != nil {
		return nil, fmt.Errorf("sigio: cannot listen on %q: %w", e.url, err)
	}
	for i := range all {
		b := &all[i]
		b.configured = e.url
		if b.manner = m; e.given != "" {
			b.manner = m.of(b.network)
		}
		r.spread(b)
		if err == nil {
			err = r.prepare(b)
		}
		r.warnOfExpiry(b.url(), m.keys)
	}
	if err != nil {
		closeAll(all)
		return nil, fmt.Errorf("sigio: cannot listen on %q: %w", e.url, err)
	}
	return all, nil
}

// open binds workers sockets to each address of e.
//
// Sockets that share an address would share it with those of another process of
// the same user as well, which would silently take a part of the messages. So the
// address is first taken without sharing, to see whether it is free.
func (e endpoint) open(workers, backlog int) ([]bound, error) {
	var all []bound
	var err error
	if workers == 1 {
		all, err = e.choose(e.opener(backlog, false))
	} else if all, err = e.choose(e.reserve); err == nil {
		all, err = share(all, workers, e.opener(backlog, true))
	}
	return all, err
}

func (e endpoint) opener(backlog int, shared bool) opener {
	return func(addr netip.AddrPort, dual bool) (int, error) {
		o := sys.ListenOptions{Backlog: backlog, ReusePort: shared, V6Only: !dual}
		if e.network == sys.UDP {
			return sys.ListenUDP(addr, o)
		}
		return sys.ListenTCP(addr, o)
	}
}

// reserve binds, but does not listen: nobody could accept the connections.
func (e endpoint) reserve(addr netip.AddrPort, dual bool) (int, error) {
	return sys.Reserve(e.network, addr, sys.ListenOptions{V6Only: !dual})
}

// share puts workers sockets in the place of the one in each of all.
func share(all []bound, workers int, open opener) ([]bound, error) {
	for i := range all {
		b := &all[i]
		sys.Close(b.fds[0])
		b.fds = b.fds[:0]
		for range workers {
			fd, err := open(b.addr, b.dual)
			if err != nil {
				closeAll(all)
				return nil, err
			}
			b.fds = append(b.fds, fd)
		}
	}
	return all, nil
}

// choose binds one socket to each address of e, all to the same port.
func (e endpoint) choose(open opener) ([]bound, error) {
	candidates, err := e.candidates()
	if err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		all, err := e.bind(candidates, open)
		// The port that the kernel chose for the first address may be taken at
		// the second one.
		if e.port == 0 && try < 100 && errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		return all, err
	}
}

// explain adds to the error of a socket at addr what is likely wrong.
func explain(err error, addr netip.AddrPort) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%w; ss -lntup tells by whom", err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("%w: no interface of this machine has it", err)
	case errors.Is(err, syscall.EACCES) && addr.Port() < 1024:
		return fmt.Errorf("%w: a port below 1024 wants CAP_NET_BIND_SERVICE", err)
	case errors.Is(err, syscall.EINVAL) && addr.Addr().IsLinkLocalUnicast() && addr.Addr().Zone() == "":
		return fmt.Errorf("%w: this address wants its interface, as in [%v%%eth0]", err, addr.Addr())
	}
	return err
}

func (e endpoint) bind(candidates []candidate, open opener) (all []bound, err error) {
	port := e.port
	for _, c := range candidates {
		if c.substitute && len(all) > 0 {
			continue
		}
		b := bound{network: e.network, dual: c.dual}
		fd, err := open(netip.AddrPortFrom(c.addr, port), c.dual)
		if err == nil {
			b.fds = []int{fd}
			b.addr, err = sys.LocalAddr(fd)
			all = append(all, b)
		}
		if err != nil && c.optional && missing(err) {
			continue
		}
		if err != nil {
			closeAll(all)
			return nil, explain(err, netip.AddrPortFrom(c.addr, port))
		}
		port = b.addr.Port()
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("this machine has none of the host's addresses: %w", syscall.EADDRNOTAVAIL)
	}
	return all, nil
}
