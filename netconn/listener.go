package netconn

import (
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio/internal/sys"
)

// Listener accepts connections. Its methods may be called from any goroutine but a
// loop's own; several may wait in Accept.
type Listener struct {
	d       *descriptor
	config  Config
	network network
	addr    net.Addr
	each    bool // its connections do not inherit the defaults
	unlink  atomic.Bool
}

var (
	_ net.Listener = (*Listener)(nil)
	_ syscall.Conn = (*Listener)(nil)
)

func newListener(c Config, n network, d *descriptor) *Listener {
	return &Listener{d: d, config: c, network: n, addr: n.local(d.fd)}
}

// Accept waits for a connection (net.Listener): a *TCPConn or a *UnixConn. It ends with
// os.ErrDeadlineExceeded after SetDeadline, and with net.ErrClosed after Close. An
// error whose Temporary is true, such as EMFILE, is about this moment only: wait a
// little and go on.
func (l *Listener) Accept() (net.Conn, error) {
	fd, peer := -1, netip.AddrPort{}
	err := l.d.read(func(listening int) (err error) {
		for {
			fd, peer, err = sys.Accept(listening)
			if err != syscall.ECONNABORTED { // gone before we came
				return err
			}
		}
	})
	if err != nil {
		return nil, l.opError("accept", named("accept4", err))
	}
	if l.each {
		l.config.setTCPDefaults(fd)
	}
	d := newDescriptor(fd, l.config.loop(fd))
	if !l.network.inet() {
		return l.network.open(d, l.addr, l.network.remote(fd)), nil
	}
	return l.network.open(d, l.network.local(fd), l.network.inetAddr(peer)), nil
}

// Close ends every Accept with net.ErrClosed and closes the socket, and removes the
// file of a Unix socket unless SetUnlinkOnClose said otherwise (net.Listener).
// Connections that were accepted stay. A second call returns net.ErrClosed.
func (l *Listener) Close() error {
	if a, ok := l.addr.(*net.UnixAddr); ok && a.Name != "" && a.Name[0] != '@' && l.unlink.Swap(false) {
		os.Remove(a.Name) // before the end, so that it cannot be another one's
	}
	if err := l.d.close(); err != nil {
		return l.opError("close", named("close", err))
	}
	return nil
}

// Addr returns the address that it listens on (net.Listener).
func (l *Listener) Addr() net.Addr { return l.addr }

// SetDeadline makes Accept end at t with an error that is os.ErrDeadlineExceeded, the
// one that waits included; never, if t is zero.
func (l *Listener) SetDeadline(t time.Time) error {
	err := l.d.control(func(int) error { l.d.waiter.SetReadDeadline(t); return nil })
	if err != nil {
		return l.opError("set", err)
	}
	return nil
}

// SetUnlinkOnClose says whether Close removes the file of a Unix socket. It does if
// the socket was made by Listen, or taken over by FromListener.
func (l *Listener) SetUnlinkOnClose(unlink bool) { l.unlink.Store(unlink) }

// SyscallConn gives the descriptor to functions, as conn's does (syscall.Conn).
func (l *Listener) SyscallConn() (syscall.RawConn, error) {
	return rawConn{l.d, l.network.name, l.addr, nil}, nil
}

// File returns a second descriptor of the socket, for another process or for
// FileListener, under the conditions of the connections' File. The socket listens
// until both are closed.
func (l *Listener) File() (*os.File, error) {
	f, err := l.d.file(l.network.name)
	if err != nil {
		return nil, l.opError("file", err)
	}
	return f, nil
}

func (l *Listener) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: l.network.name, Addr: l.addr, Err: err}
}
