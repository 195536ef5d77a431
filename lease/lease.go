package lease

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sys"
)

// Kind is what the holder of a lease may rely on. A greater kind includes the
// smaller ones.
type Kind int

const (
	None  Kind = Kind(sys.NoLease)    // nothing (F_UNLCK)
	Read  Kind = Kind(sys.ReadLease)  // nobody else writes to the file (F_RDLCK)
	Write Kind = Kind(sys.WriteLease) // nobody else has it open (F_WRLCK)
)

// String returns "none", "read" or "write".
func (k Kind) String() string {
	switch k {
	case None:
		return "none"
	case Read:
		return "read"
	case Write:
		return "write"
	}
	return fmt.Sprintf("Kind(%d)", int(k))
}

// ErrLost says that the kernel took the lease away, because the holder did not
// answer a break in time: another process may have opened the file since.
var ErrLost = errors.New("lease: lost to another process, since the break was not answered in time")

// Break says that another process wants the file and waits for the holder.
type Break struct {
	// Wants is what the holder may keep: None asks for Release; Read, which comes
	// to the holder of a write lease when somebody wants to read, is content with
	// Downgrade.
	Wants Kind
	// Deadline is when the kernel stops waiting: /proc/sys/fs/lease-break-time
	// after the break was noticed. It began a little before that, so leave some
	// room. It is zero if the kernel waits for ever (a break time of 0).
	Deadline time.Time
}

// Lease is a lease that is held, until Release, Close or its loss. Its methods may
// be called from any goroutine. All but Wait may be called on the loop's thread, and
// must not be called while holding something that the loop's thread waits for.
type Lease struct {
	loop *sigio.Loop
	fd   int // a duplicate, its own

	mu       sync.Mutex
	watch    *sigio.Watch
	kind     Kind // None: not taken yet, or ended
	wanted   Kind // what a break that is not answered leaves; kind: there is none
	deadline time.Time
	timer    *sigio.Timer
	err      error // why it has ended

	breaks chan Break    // one deep: the latest that Wait has not returned yet
	ended  chan struct{} // closed at the end
}

// Take takes a lease of kind Read or Write on file. Breaks are noticed on the
// loop's thread; see Wait.
//
// The lease belongs to the open file description, as a duplicate shares it
// (dup(2)), and the Lease keeps a duplicate of its own: file may be closed, and the
// lease holds until Release or Close. The owner and the signal of the description
// (F_SETOWN, F_SETSIG, fcntl(2)) are the Lease's meanwhile, and nobody's afterwards.
// There can be one Lease for a description at a time.
//
// Take does not wait for others. After a Release it may be called again, for the
// same file too. Errors, by errors.Is:
//
//	syscall.EAGAIN        somebody else has the file open, or, for Read, the file
//	                      is open for writing, by others or by this very file
//	os.ErrPermission      the file belongs to another user, and the process lacks
//	                      CAP_LEASE (EACCES)
//	errors.ErrUnsupported the file is not a regular one (EINVAL), was opened with
//	                      O_PATH (EBADF), or lies in a file system without leases
//	                      (EINVAL); the system is not Linux
//	syscall.EBUSY         the description has a lease already, or was opened with
//	                      O_ASYNC
//	os.ErrInvalid         kind is neither Read nor Write
//	os.ErrClosed          file is closed
//	net.ErrClosed         the loop is
func Take(loop *sigio.Loop, file *os.File, kind Kind) (*Lease, error) {
	if kind != Read && kind != Write {
		return nil, fmt.Errorf("lease: take a lease of kind %v: want read or write: %w", kind, os.ErrInvalid)
	}
	fail := func(err error) (*Lease, error) {
		return nil, fmt.Errorf("lease: take a %v lease on %s: %w", kind, file.Name(), err)
	}
	fd, err := duplicate(file)
	if err != nil {
		return fail(err)
	}
	l := &Lease{loop: loop, fd: fd, breaks: make(chan Break, 1), ended: make(chan struct{})}
	if l.watch, err = loop.WatchOwned(fd, sigio.HandlerFunc(l.ready)); err != nil {
		sys.Close(fd)
		return fail(err)
	}
	if err := l.take(kind); err != nil {
		l.watch.Close()
		sys.Close(fd)
		return fail(err)
	}
	return l, nil
}

// duplicate does not use file.Fd, which would make the description blocking. It
// also refuses what has no leases.
func duplicate(file *os.File) (fd int, err error) {
	conn, err := file.SyscallConn()
	if err != nil {
		return -1, err
	}
	fd = -1
	closed := conn.Control(func(number uintptr) {
		if err = leasable(int(number)); err == nil {
			fd, err = sys.Dup(int(number))
		}
	})
	if closed != nil {
		return -1, os.ErrClosed // its only reason
	}
	return fd, err
}

// leasable refuses the files that can have no lease, in words.
func leasable(fd int) error {
	traits, err := sys.Traits(fd)
	switch {
	case err != nil:
		return err
	case traits.PathOnly:
		return fmt.Errorf("it was opened with O_PATH: %w (%w)", errors.ErrUnsupported, syscall.EBADF)
	case !traits.Regular:
		return fmt.Errorf("only regular files have leases: %w (%w)", errors.ErrUnsupported, syscall.EINVAL)
	case traits.Async:
		return fmt.Errorf("it has a lease already, or was opened with O_ASYNC: %w", syscall.EBUSY)
	}
	return nil
}

// take asks the kernel, once the loop is the owner.
func (l *Lease) take(kind Kind) error {
	if err := sys.SetLease(l.fd, sys.LeaseKind(kind)); err != nil {
		return l.explain(err, kind)
	}
	l.mu.Lock()
	l.kind, l.wanted = kind, kind
	l.mu.Unlock()
	l.check() // a break that came before this moment was not heard
	return nil
}

// explain says what an errno of F_SETLEASE means.
func (l *Lease) explain(err error, kind Kind) error {
	traits, _ := sys.Traits(l.fd)
	switch {
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("it belongs to another user (leases on such files take CAP_LEASE): %w", err)
	case errors.Is(err, syscall.EINVAL):
		return fmt.Errorf("its file system has no leases, or fs.leases-enable is 0: %w (%w)", errors.ErrUnsupported, err)
	case errors.Is(err, syscall.EAGAIN) && kind == Read && traits.Writable:
		return fmt.Errorf("it is open for writing here; open it for reading only: %w", err)
	case errors.Is(err, syscall.EAGAIN) && kind == Read:
		return fmt.Errorf("it is open for writing elsewhere: %w", err)
	case errors.Is(err, syscall.EAGAIN):
		return fmt.Errorf("it is open elsewhere: %w", err)
	}
	return err
}

// Kind returns what is held, or None after the end of the lease. During a break it
// is still what was held before.
func (l *Lease) Kind() Kind {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.kind
}

// Wait waits until another process wants the file, and returns what it wants and
// until when. Each break is returned once; a second one may follow before the first
// is answered, when one process wants to read and then another to write.
//
// Wait ends with ctx's error; with ErrLost when the kernel has taken the lease away;
// and with net.ErrClosed after Release or Close, and after the end of the loop, in
// which case the lease is still held and nobody hears of breaks.
func (l *Lease) Wait(ctx context.Context) (Break, error) {
	select {
	case <-l.ended: // goes before a break that is over
		return Break{}, l.reason()
	default:
	}
	select {
	case b := <-l.breaks:
		return b, nil
	case <-l.ended:
		return Break{}, l.reason()
	case <-l.loop.Done():
		return Break{}, fmt.Errorf("lease: wait for a break: the loop has ended: %w", net.ErrClosed)
	case <-ctx.Done():
		return Break{}, ctx.Err()
	}
}

// Release gives the lease back, and lets those in who wait. It returns nil if it
// was held up to this moment, so that whatever was done before was protected by it;
// ErrLost if the kernel had taken it away; net.ErrClosed if it was given back before.
func (l *Lease) Release() error {
	return l.answer(func() error {
		if l.kind == Write && l.wanted == Read && l.overdue(0) {
			sys.SetLease(l.fd, sys.NoLease)
			l.end(ErrLost)
			return ErrLost
		}
		switch err := sys.SetLease(l.fd, sys.NoLease); {
		case errors.Is(err, syscall.EAGAIN): // it went after the look
			l.end(ErrLost)
			return ErrLost
		case err != nil:
			l.end(errReleased)
			return fmt.Errorf("lease: release: %w", err)
		}
		l.end(errReleased)
		return nil
	})
}

// Close is a Release that does not ask whether the lease was still held. It may be
// called more than once.
func (l *Lease) Close() error {
	if err := l.Release(); err != nil && !errors.Is(err, ErrLost) && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// Downgrade turns a write lease into a read lease: enough for a break that Wants
// Read. It fails with syscall.EAGAIN when the file is open for writing, by the
// holder too, so whoever means to downgrade has opened it for reading only; with
// os.ErrInvalid when there is no write lease, or when the break wants it all: then
// Release is the answer. ErrLost and net.ErrClosed are those of Release.
func (l *Lease) Downgrade() error { return l.answer(l.downgrade) }

func (l *Lease) downgrade() error {
	switch {
	case l.kind != Write:
		return fmt.Errorf("lease: downgrade a %v lease: %w", l.kind, os.ErrInvalid)
	case l.wanted == None:
		// The kernel would say yes, and go on waiting (fs/locks.c, lease_modify).
		return fmt.Errorf("lease: downgrade: the other process wants to write, so the lease has to be released: %w", os.ErrInvalid)
	}
	if err := sys.SetLease(l.fd, sys.ReadLease); err != nil {
		return fmt.Errorf("lease: downgrade: %w", l.explain(err, Read))
	}
	l.kind, l.wanted = Read, Read
	l.forget()
	l.look() // a writer may have come meanwhile
	return nil
}
