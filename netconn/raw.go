package netconn

import (
	"net"
	"syscall"
)

// rawConn is a syscall.RawConn.
type rawConn struct {
	d             *descriptor
	net           string
	local, remote net.Addr
}

func (r rawConn) Control(f func(fd uintptr)) error {
	err := r.d.control(func(fd int) error { f(uintptr(fd)); return nil })
	return r.result("raw-control", nil, r.local, err)
}

func (r rawConn) Read(f func(fd uintptr) bool) error {
	return r.result("raw-read", r.local, r.remote, r.d.read(repeat(f)))
}

func (r rawConn) Write(f func(fd uintptr) bool) error {
	return r.result("raw-write", r.local, r.remote, r.d.write(repeat(f)))
}

func repeat(f func(fd uintptr) bool) func(fd int) error {
	return func(fd int) error {
		if f(uintptr(fd)) {
			return nil
		}
		return syscall.EAGAIN
	}
}

func (r rawConn) result(op string, source, addr net.Addr, err error) error {
	if err != nil {
		return &net.OpError{Op: op, Net: r.net, Source: source, Addr: addr, Err: err}
	}
	return nil
}
