package netconn

import "syscall"

// rawConn is a syscall.RawConn.
type rawConn struct {
	d    *descriptor
	fail func(op string, err error) error
}

func (r rawConn) Control(f func(fd uintptr)) error {
	err := r.d.control(func(fd int) error { f(uintptr(fd)); return nil })
	return r.result("raw-control", err)
}

func (r rawConn) Read(f func(fd uintptr) bool) error {
	return r.result("raw-read", r.d.read(repeat(f)))
}

func (r rawConn) Write(f func(fd uintptr) bool) error {
	return r.result("raw-write", r.d.write(repeat(f)))
}

func repeat(f func(fd uintptr) bool) func(fd int) error {
	return func(fd int) error {
		if f(uintptr(fd)) {
			return nil
		}
		return syscall.EAGAIN
	}
}

func (r rawConn) result(op string, err error) error {
	if err != nil {
		return r.fail(op, err)
	}
	return nil
}
