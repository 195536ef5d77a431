package netconn

import (
	"io"
	"syscall"

	"github.com/seed-067c1534/sigio/internal/sys"
)

// ReadFrom copies r to the connection until r's end (io.ReaderFrom): a regular file
// with sendfile(2), a TCP or Unix stream connection of this package with splice(2), or
// what is left of either behind an io.LimitedReader; anything else through memory.
func (c *TCPConn) ReadFrom(r io.Reader) (int64, error) {
	n, err := c.readFrom(r)
	if err != nil && err != io.EOF {
		err = c.opError("readfrom", err)
	}
	return n, err
}

func (c *TCPConn) readFrom(r io.Reader) (n int64, err error) {
	limited, source, most := (*io.LimitedReader)(nil), r, int64(1<<63-1)
	if l, ok := r.(*io.LimitedReader); ok {
		limited, source, most = l, l.R, l.N
		if most <= 0 {
			return 0, nil
		}
	}
	handled := false
	if from := streamOf(source); from != nil {
		n, err, handled = splice(c.d, from, most)
	} else if file, ok := source.(syscall.Conn); ok {
		n, err, handled = c.sendFile(file, most)
	}
	if !handled {
		return io.Copy(struct{ io.Writer }{c}, r)
	}
	if limited != nil {
		limited.N -= n
	}
	return n, err
}

// WriteTo copies the connection to w until the peer's end (io.WriterTo): with splice(2)
// if w is a TCP or Unix stream connection of this package, else through memory.
func (c *TCPConn) WriteTo(w io.Writer) (n int64, err error) {
	handled := false
	if to := streamOf(w); to != nil {
		n, err, handled = splice(to, c.d, 1<<63-1)
	}
	if !handled {
		n, err = io.Copy(w, struct{ io.Reader }{c})
	}
	if err != nil && err != io.EOF {
		err = c.opError("writeto", err)
	}
	return n, err
}

// streamOf returns the descriptor of a connection that splice(2) can read and write.
func streamOf(v any) *descriptor {
	switch c := v.(type) {
	case *TCPConn:
		return c.d
	case *UnixConn:
		if c.stream && c.net == "unix" {
			return c.d
		}
	}
	return nil
}

const (
	pipeSize = 1 << 20 // of a pipe between two sockets; the kernel gives 64 KiB if it must
	fileSize = 4 << 20 // of one sendfile(2)
)

// splice moves up to most bytes from one socket to another one, through a pipe. Not
// handled means that nothing was done.
func splice(to, from *descriptor, most int64) (n int64, err error, handled bool) {
	out, in, err := sys.Pipe()
	if err != nil {
		return 0, nil, false
	}
	defer sys.Close(out)
	defer sys.Close(in)
	sys.SetPipeSize(in, pipeSize)
	for n < most {
		inside, err := spliceIn(from, in, int(min(most-n, pipeSize)))
		if err == syscall.EINVAL && n == 0 {
			return 0, nil, false
		}
		if inside == 0 || err != nil {
			return n, named("splice", err), true
		}
		for inside > 0 {
			moved, err := spliceOut(out, to, inside)
			n += int64(moved)
			inside -= moved
			if err != nil {
				return n, named("splice", err), true
			}
		}
	}
	return n, nil, true
}

func spliceIn(from *descriptor, pipe, most int) (n int, err error) {
	err = from.read(func(fd int) (err error) {
		n, err = sys.Splice(fd, pipe, most)
		return err
	})
	return max(n, 0), err
}

func spliceOut(pipe int, to *descriptor, most int) (n int, err error) {
	err = to.write(func(fd int) (err error) {
		n, err = sys.Splice(pipe, fd, most)
		return err
	})
	return max(n, 0), err
}

// sendFile sends up to most bytes of a regular file, from its offset on.
func (c *TCPConn) sendFile(file syscall.Conn, most int64) (n int64, err error, handled bool) {
	raw, err := file.SyscallConn()
	if err != nil {
		return 0, nil, false
	}
	failed := raw.Read(func(source uintptr) bool {
		if !sys.CanSendFile(int(source)) {
			return true
		}
		handled = true
		err = c.d.write(func(fd int) error {
			for n < most {
				m, err := sys.SendFile(int(source), fd, int(min(most-n, fileSize)))
				if m > 0 {
					n += int64(m)
				}
				if err != nil || m == 0 {
					return err
				}
				if err := c.d.waiter.PrepareWrite(); err != nil {
					return err
				}
			}
			return nil
		})
		return true
	})
	if failed != nil && !handled {
		return 0, nil, false
	}
	if err == syscall.EINVAL && n == 0 {
		return 0, nil, false // a file system that cannot do it
	}
	return n, named("sendfile", err), handled
}
