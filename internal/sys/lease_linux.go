package sys

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

var leaseTypes = [...]uintptr{NoLease: unix.F_UNLCK, ReadLease: unix.F_RDLCK, WriteLease: unix.F_WRLCK}

// SetLease takes a lease, turns one into another, or ends it (F_SETLEASE,
// fcntl(2)). EAGAIN: others have the file open, or there was no lease to end.
func SetLease(fd int, kind LeaseKind) error {
	_, _, errno := syscall.Syscall(unix.SYS_FCNTL, uintptr(fd), unix.F_SETLEASE, leaseTypes[kind])
	return named("fcntl F_SETLEASE", errno)
}

// Lease tells whether fd has a lease, and of what kind it is (F_GETLEASE): while
// one is being broken, of what kind it should become. NoLease may therefore mean
// either; held tells which. It first removes a lease whose time is up (fs/locks.c,
// fcntl_getlease).
func Lease(fd int) (kind LeaseKind, held bool, err error) {
	found, _, errno := syscall.Syscall(unix.SYS_FCNTL, uintptr(fd), unix.F_GETLEASE, 0)
	if errno != 0 {
		return NoLease, false, named("fcntl F_GETLEASE", errno)
	}
	// A lease puts its file on a list of listeners, which shows as O_ASYNC until
	// the lease has ended, and which nothing else does to a regular file
	// (fs/fcntl.c, fasync_insert_entry).
	flags, err := Flags(fd)
	if err != nil {
		return NoLease, false, err
	}
	for k, t := range leaseTypes {
		if found == t {
			kind = LeaseKind(k)
		}
	}
	return kind, flags&FlagAsync != 0, nil
}

// LeaseBreakTime is how long the kernel waits for the holder of a lease to give it
// up: /proc/sys/fs/lease-break-time, proc(5). 0 stands for ever.
func LeaseBreakTime() (time.Duration, error) {
	text, err := os.ReadFile("/proc/sys/fs/lease-break-time")
	if err != nil {
		return 0, err
	}
	seconds, err := strconv.Atoi(string(bytes.TrimSpace(text)))
	return time.Duration(seconds) * time.Second, err
}

// FileTraits is what decides whether a file can have a lease.
type FileTraits struct {
	Regular  bool // a regular file (fstat(2))
	Writable bool // opened for writing
	PathOnly bool // opened with O_PATH, so that hardly any call works (open(2))
	Async    bool // opened with O_ASYNC, or with a lease already
}

// Traits returns those of fd.
func Traits(fd int) (FileTraits, error) {
	flags, err := Flags(fd)
	if err != nil {
		return FileTraits{}, err
	}
	var s unix.Stat_t
	err = unix.Fstat(fd, &s)
	return FileTraits{
		Regular:  s.Mode&unix.S_IFMT == unix.S_IFREG,
		Writable: flags&unix.O_ACCMODE != unix.O_RDONLY,
		PathOnly: flags&unix.O_PATH != 0,
		Async:    flags&unix.O_ASYNC != 0,
	}, os.NewSyscallError("fstat", err)
}
